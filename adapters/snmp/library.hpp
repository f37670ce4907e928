// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sense::snmp {

// Before any other use of net-snmp: it reads no configuration and no MIBs, writes no state, and
// prints nothing. May be called again; one thread only, as all of net-snmp.
void prepare_library();

}  // namespace sense::snmp
