// SPDX-License-Identifier: Apache-2.0
extern "C" int sense_nothing() { return 0; }
