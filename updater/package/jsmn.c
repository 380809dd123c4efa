/* SPDX-License-Identifier: Apache-2.0 */
/* jsmn's functions, configured as package/json.h says. */
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>
