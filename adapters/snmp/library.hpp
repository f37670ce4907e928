// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sense::snmp {

// To be called before any other use of net-snmp, which then reads no configuration and no MIBs,
// writes no state and prints nothing. May be called again; one thread only, like all of net-snmp.
void prepare_library();

}  // namespace sense::snmp
