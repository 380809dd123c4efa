/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/image_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/segue/report.h"

void image_policy(struct bf_image_policy *policy, struct bf_image_key *keys, const struct system *s,
                  const struct vm_description *vm)
{
        const struct system_description *d = &s->description;

        for (unsigned i = 0; i < d->key_count; i++) {
                memcpy(keys[i].hash, d->key[i].hash, sizeof(keys[i].hash));
                keys[i].der = d->key[i].key.data;
                keys[i].der_size = (uint32_t)d->key[i].key.size;
        }
        *policy = (struct bf_image_policy){
                .keys = keys,
                .key_count = d->key_count,
                .vendor_id = vm != NULL ? vm->vendor_id : NULL,
                .class_id = vm != NULL ? vm->class_id : NULL,
        };
}

void image_check(struct bf_image_info *info, const struct mapped *image, const struct system *s,
                 const struct vm_description *vm, const char *path)
{
        struct bf_image_key keys[BOOTFW_MAX_KEYS];
        struct bf_image_policy policy;

        image_policy(&policy, keys, s, vm);
        must(bf_image_verify(image->data, image->size, &policy, info), path);
        if (vm != NULL && info->layout.size > vm->slot_size) {
                fail(SG_E_SLOT_TOO_SMALL, "%s: %u bytes, the slots of '%s' have %llu", path,
                     info->layout.size, vm->name, (unsigned long long)vm->slot_size);
        }
}

/* Reads a number up to max at *at and moves on; false when there is none. */
static bool take_number(const char **at, uint32_t max, uint32_t *value)
{
        char *end;

        if (**at < '0' || **at > '9') {
                return false;
        }
        unsigned long long n = strtoull(*at, &end, 10);

        *at = end;
        *value = (uint32_t)n;
        return n <= max;
}

void version_parse(struct bf_image_version *version, const char *text)
{
        static const uint32_t max[] = {UINT8_MAX, UINT8_MAX, UINT16_MAX};
        uint32_t part[3] = {0}, build = 0;
        const char *at = text;
        bool good = take_number(&at, max[0], &part[0]);

        for (int i = 1; good && i < 3 && *at == '.'; i++) {
                at++;
                good = take_number(&at, max[i], &part[i]);
        }
        if (good && *at == '+') {
                at++;
                good = take_number(&at, UINT32_MAX, &build);
        }
        if (!good || *at != '\0') {
                fail(SG_E_USAGE, "--version: '%s' is not like 1.2.3+4", text);
        }
        *version = (struct bf_image_version){(uint8_t)part[0], (uint8_t)part[1], (uint16_t)part[2],
                                             build};
}

void version_text(char text[VERSION_TEXT], const struct bf_image_version *v)
{
        int n = snprintf(text, VERSION_TEXT, "%u.%u.%u", v->major, v->minor, v->revision);

        if (v->build != 0) {
                snprintf(text + n, VERSION_TEXT - (size_t)n, "+%u", v->build);
        }
}
