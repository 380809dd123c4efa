/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rival of a patch with models: a plain one. Models pay on programs and can cost elsewhere; the
 * smaller patch is the result, whatever the number of threads.
 */
#include "delta/create/encoder.h"

void rival_init(struct rival *r, const struct encoder *like)
{
        memset(r, 0, sizeof(*r));
        r->encoder.from = like->from;
        r->encoder.to = like->to;
        r->encoder.options = like->options;
        r->encoder.chunk0_max = like->chunk0_max;
        r->encoder.plain = true;
}

static void *run(void *ctx)
{
        struct rival *r = ctx;

        r->err = encode(&r->encoder, NULL);
        encoder_free(&r->encoder);
        return NULL;
}

void rival_start(struct rival *r)
{
        if (r->wanted)
                return;
        r->wanted = true;
        if (r->encoder.options->threads != 1)
                r->threaded = pthread_create(&r->thread, NULL, run, r) == 0;
}

void rival_finish(struct rival *r, const struct dl_sink *sink)
{
        if (r->threaded) {
                pthread_join(r->thread, NULL);
        } else if (r->wanted) {
                r->encoder.sink = sink;
                run(r);
        }
}
