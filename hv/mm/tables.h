/* SPDX-License-Identifier: Apache-2.0 */
/* hv/mm/pgtable.h on this hardware: pages from hv's heap, TLB maintenance by broadcast. */
#ifndef HV_MM_TABLES_H
#define HV_MM_TABLES_H

#include "hv/mm/pgtable.h"

extern const struct pgtable_ops stage1_table_ops;
extern const struct pgtable_ops stage2_table_ops; /* ctx: the struct stage2 */

#endif
