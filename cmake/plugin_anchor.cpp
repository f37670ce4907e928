// SPDX-License-Identifier: Apache-2.0
// A module needs one source of its own; the plugin itself comes whole from its static library.
