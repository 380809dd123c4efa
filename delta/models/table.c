/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/models/table.h"

/* In the order of opening: objects need the program, relocations and kallsyms its addresses. */
const struct dl_model dl_models[DL_MODELS] = {
        {DL_S_PROGRAM, dl_program_plan, dl_program_open},
        {DL_S_OBJECTS, dl_objects_plan, dl_objects_open},
        {DL_S_RELA, dl_rela_plan, dl_rela_open},
        {DL_S_BTF, dl_btf_plan, dl_btf_open},
        {DL_S_KALLSYMS, dl_kallsyms_plan, dl_kallsyms_open},
        {DL_S_BLOCKS, dl_blocks_plan, dl_blocks_open},
};
