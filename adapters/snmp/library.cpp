// SPDX-License-Identifier: Apache-2.0
#include "adapters/snmp/library.hpp"

// net-snmp's headers want this order, which the blank lines keep.
#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/library/snmp_logging.h>

#include <initializer_list>

namespace sense::snmp {

namespace {

bool prepare() {
  for (const int what : {NETSNMP_DS_LIB_DONT_READ_CONFIGS, NETSNMP_DS_LIB_DONT_PERSIST_STATE,
                         NETSNMP_DS_LIB_DISABLE_CONFIG_LOAD, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD,
                         NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE})
    ::netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, what, 1);
  // Without any handler it would print to standard error.
  ::snmp_disable_log();
  ::netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
  return true;
}

}  // namespace

void prepare_library() {
  static const bool done = prepare();
  (void)done;
}

}  // namespace sense::snmp
