/* The balanced network as one would write it by hand in C: one network after the other, everything in cache.

   Equations, step order and initial packet as in jaxsnn.networks.balanced, for one signal and a delay of at least one
   step. Normals: xoshiro128+ in LANES independent lanes, Box-Muller with both outputs; the compiler vectorises both.
   Times are in mean population intervals. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#define LANES 32
#define MOST 1024  /* neurons */
#define SLOTS 1024 /* longest delay in steps */
#define AGE 1e4    /* the initial packet is what noise and leak make in this time */

typedef struct { uint32_t s[4][LANES]; } Random;

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void seed_random(Random *r, uint64_t seed) {
    for (int k = 0; k < 4; k++)
        for (int l = 0; l < LANES; l++) r->s[k][l] = (uint32_t)(splitmix(&seed) >> 32);
}

static inline void draw(Random *r, uint32_t *restrict out) {
    for (int l = 0; l < LANES; l++) {
        uint32_t a = r->s[0][l], b = r->s[1][l], c = r->s[2][l] ^ a, d = r->s[3][l] ^ b;
        out[l] = a + r->s[3][l];
        r->s[1][l] = b ^ c;
        r->s[0][l] = a ^ d;
        r->s[2][l] = c ^ (b << 9);
        r->s[3][l] = (d << 11) | (d >> 21);
    }
}

/* log(u) for normal u in (0, 1), to 1e-7: exponent, and a polynomial for the rest in [sqrt(1/2), sqrt(2)). */
static inline float logarithm(float u) {
    uint32_t bits;
    memcpy(&bits, &u, 4);
    const int32_t exponent = (int32_t)(bits - 0x3f3504f3u) >> 23;
    bits -= (uint32_t)exponent << 23;
    float m;
    memcpy(&m, &bits, 4);
    m -= 1.0f;
    const float z = m * m;
    float p = 7.0376836292e-2f;
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    return exponent * 0.69314718056f + (m + z * (m * p - 0.5f));
}

/* `count` standard normals, rounded up to a multiple of 2 LANES; log and cos of the C library (glibc has vector forms). */
static inline __attribute__((always_inline)) void library_normals(Random *r, float *restrict out, int count) {
    uint32_t first[LANES], second[LANES];
    for (int at = 0; at < count; at += 2 * LANES) {
        draw(r, first);
        draw(r, second);
        for (int l = 0; l < LANES; l++) {
            const float u = ((int32_t)(first[l] >> 9) + 0.5f) * 0x1p-23f; /* in (0, 1) */
            const float angle = ((int32_t)second[l] >> 8) * (3.14159265359f * 0x1p-23f);
            const float radius = sqrtf(-2.0f * logf(u));
            out[at + l] = radius * cosf(angle);
            out[at + LANES + l] = radius * cosf(angle - 1.57079632679f); /* not sinf: the compiler would take sincosf */
        }
    }
}

/* The same by polynomials of its own. */
static inline __attribute__((always_inline)) void normals(Random *r, float *restrict out, int count) {
    uint32_t first[LANES], second[LANES];
    for (int at = 0; at < count; at += 2 * LANES) {
        draw(r, first);
        draw(r, second);
        for (int l = 0; l < LANES; l++) {
            const float u = ((int32_t)(first[l] >> 9) + 0.5f) * 0x1p-23f; /* in (0, 1) */
            const float radius = sqrtf(-2.0f * logarithm(u));
            /* an angle within pi/4 of an axis, and which axis by two more bits */
            const float x = ((int32_t)second[l] >> 8) * (0.78539816340f * 0x1p-23f), z = x * x;
            const float sine = x + x * z * (-1.6666654611e-1f + z * (8.3321608736e-3f - z * 1.9515295891e-4f));
            const float cosine =
                1.0f - 0.5f * z + z * z * (4.166664568298827e-2f + z * (-1.388731625493765e-3f + z * 2.443315711809948e-5f));
            const float along = second[l] & 1 ? radius : -radius, across = second[l] & 2 ? along : -along;
            out[at + l] = (second[l] & 4 ? sine : cosine) * along;
            out[at + LANES + l] = (second[l] & 4 ? cosine : sine) * across;
        }
    }
}

/* Normals that several networks share: [steps, neurons]. */
void fill(float *out, int steps, int neurons, uint64_t seed) {
    Random r;
    float row[MOST + 2 * LANES];
    seed_random(&r, seed);
    for (int n = 0; n < steps; n++) {
        normals(&r, row, neurons);
        memcpy(out + (size_t)n * neurons, row, neurons * sizeof(float));
    }
}

enum { OWN = 0, NONE = 1, SHARED = 2, LIBRARY = 3 };

static inline __attribute__((always_inline)) void network(
    const int neurons, const int how, const float *weights, double leak, double noise, double readout_rate, int delay,
    const float *drive, double dt, int steps, uint64_t seed, const float *shared, double *result) {
    float v[MOST], reset[MOST], weight[MOST], kicks[MOST + 2 * LANES], ring[SLOTS];
    uint8_t own[delay][neurons];
    const int length = delay;
    memset(ring, 0, sizeof ring);
    memset(own, 0, sizeof own);
    Random r;
    seed_random(&r, seed);
    const float e = exp(-leak * dt), gain = leak > 0 ? -expm1(-leak * dt) / leak : dt;
    const float scale = noise * sqrt(leak > 0 ? -expm1(-2 * leak * dt) / (2 * leak) : dt);
    const float er = exp(-readout_rate * dt), gr = -expm1(-readout_rate * dt) / readout_rate;
    const float width = noise * sqrt(leak > 0 ? -expm1(-2 * leak * AGE) / (2 * leak) : AGE);
    const float halfway = 1 - readout_rate * dt / 2, step = dt, fade = readout_rate;
    normals(&r, kicks, neurons);
    float highest = -1e9f;
    for (int i = 0; i < neurons; i++) highest = fmaxf(highest, kicks[i]);
    const float phase = (splitmix(&seed) >> 40) * 0x1p-24f;
    for (int i = 0; i < neurons; i++) {
        weight[i] = weights[i];
        reset[i] = weights[i] * weights[i];
        v[i] = reset[i] * (0.5f - phase) - width * (highest - kicks[i]);
    }
    float error = 0;
    double mean = 0, square = 0, spikes = 0;
    int slot = 0;
    for (int n = 0; n < steps; n++, slot = slot + 1 == length ? 0 : slot + 1) {
        if (how == OWN) normals(&r, kicks, neurons);
        if (how == LIBRARY) library_normals(&r, kicks, neurons);
        const float *kick = how == SHARED ? shared + (size_t)n * neurons : kicks;
        uint8_t *mine = own[slot];
        float decoded = 0;
        int fired = 0;
        for (int i = 0; i < neurons; i++) {
            int s = v[i] >= 0.5f * reset[i];
            mine[i] = s;
            fired += s;
            decoded += s ? weight[i] : 0.0f;
        }
        ring[slot] = decoded;
        const int late = slot + 1 == length ? 0 : slot + 1; /* the slot of step n + 1 - delay: the oldest one */
        const float arrived = ring[late] - gain * drive[n];
        const uint8_t *past = own[late];
        for (int i = 0; i < neurons; i++) {
            float after = v[i] - (mine[i] ? reset[i] : 0.0f);
            float moved = e * after - weight[i] * arrived + (past[i] ? reset[i] : 0.0f);
            v[i] = how == NONE ? moved : moved + scale * kick[i];
        }
        error -= decoded;
        const float middle = error * halfway + drive[n] * (step / 2), slope = (drive[n] - fade * error) * step;
        mean += middle;
        square += middle * middle + slope * slope / 12;
        spikes += fired;
        error = er * error + gr * drive[n];
    }
    result[0] = mean / steps;
    result[1] = square / steps;
    result[2] = spikes;
}

/* Networks `first` to `last`: mean error, mean square error and spike count of each, [network, 3].
   shared: [seed, steps, neurons], network k takes seed k % seeds; NULL unless how = SHARED. */
void sweep(int neurons, int how, const float *weights, const double *leak, const double *noise, double readout_rate,
           const int *delay, const float *drive, double dt, int steps, uint64_t seed, const float *shared, int seeds,
           int first, int last, double *result) {
#define RUN(N, HOW)                                                                                              \
    network(N, HOW, weights, leak[k], noise[k], readout_rate, delay[k], drive, dt, steps, (seed << 32) + k,      \
            HOW == SHARED ? shared + (size_t)(k % seeds) * steps * neurons : 0, result + 3 * (size_t)k)
    for (int k = first; k < last; k++) {
        if (neurons == 64 && how == OWN) RUN(64, OWN); /* sizes known to the compiler: its best code */
        else if (neurons == 64 && how == SHARED) RUN(64, SHARED);
        else if (neurons == 64 && how == LIBRARY) RUN(64, LIBRARY);
        else if (neurons == 64) RUN(64, NONE);
        else if (how == OWN) RUN(neurons, OWN);
        else if (how == SHARED) RUN(neurons, SHARED);
        else if (how == LIBRARY) RUN(neurons, LIBRARY);
        else RUN(neurons, NONE);
    }
}
