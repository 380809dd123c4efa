/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/odds.h"

#define WHOLE  65536
#define LIMIT  2047 /* of logarithms */
#define WEIGHT (WHOLE / 3)
#define HEAVY  (16 * WHOLE)
#define LEARN  32768

/* 65536 / (1 + exp(-x)) for x from -8 to 8 in halves. */
static const uint16_t likely[] = {22,    36,    60,    98,    162,   267,   439,   720,   1179,
                                  1921,  3108,  4971,  7812,  11955, 17625, 24743, 32768, 40793,
                                  47911, 53581, 57724, 60565, 62428, 63615, 64357, 64816, 65097,
                                  65269, 65374, 65438, 65476, 65500, 65514};

/* How likely a logarithm says it is, in 1/65536. */
static uint32_t likelihood(int32_t logarithm)
{
        uint32_t x = (uint32_t)(logarithm + LIMIT + 1), i = x / 128;

        return likely[i] + ((uint32_t)likely[i + 1] - likely[i]) * (x % 128) / 128;
}

void odds_tables(struct odds_tables *tables)
{
        int16_t logarithm = -LIMIT;

        for (uint32_t i = 0; i < ODDS_LOGARITHM; i++) {
                while (logarithm < LIMIT &&
                       likelihood(logarithm) < (2 * i + 1) * (WHOLE / ODDS_LOGARITHM / 2))
                        logarithm++;
                tables->logarithm[i] = logarithm;
        }
        for (uint32_t seen = 0; seen <= ODDS_SEEN; seen++)
                tables->share[seen] = (uint16_t)(2 * WHOLE / (2 * seen + 3));
}

void odds_clear(struct odds *contexts, uint32_t count)
{
        for (uint32_t i = 0; i < count; i++)
                contexts[i] = (struct odds){ODDS_EVEN, 0};
}

void odds_mixer_clear(struct odds_mixer *mixer)
{
        for (uint32_t i = 0; i < ODDS_CONTEXTS; i++)
                mixer->weight[i] = WEIGHT;
}

void odds_mix(struct odds_bit *b)
{
        int64_t sum = 0;

        for (uint32_t i = 0; i < ODDS_CONTEXTS; i++) {
                b->logarithms[i] =
                        b->tables->logarithm[b->contexts[i]->one / (WHOLE / ODDS_LOGARITHM)];
                sum += (int64_t)b->logarithms[i] * b->mixer->weight[i];
        }
        sum /= WHOLE;
        b->one = likelihood((int32_t)(sum > LIMIT ? LIMIT : sum < -LIMIT ? -LIMIT : sum));
}

void odds_learn_alone(const struct odds_tables *tables, struct odds *context, bool bit)
{
        uint32_t share = tables->share[context->seen];

        if (bit)
                context->one =
                        (uint16_t)(context->one + (WHOLE - 1u - context->one) * share / WHOLE);
        else
                context->one = (uint16_t)(context->one - context->one * share / WHOLE);
        context->seen = (uint16_t)(context->seen + (context->seen < ODDS_SEEN));
}

static int32_t clamp(int32_t weight)
{
        return weight > HEAVY ? HEAVY : weight < -HEAVY ? -HEAVY : weight;
}

void odds_learn(const struct odds_bit *b, bool bit)
{
        int32_t error = (bit ? WHOLE - 1 : 0) - (int32_t)b->one;

        for (uint32_t i = 0; i < ODDS_CONTEXTS; i++) {
                int32_t *weight = &b->mixer->weight[i];
                *weight = clamp(*weight + error * b->logarithms[i] / LEARN);
                odds_learn_alone(b->tables, b->contexts[i], bit);
        }
}
