#include "push/metrics.h"

#include <stdlib.h>

#define LAST_SUCCESS "gwpipe_push_last_success_timestamp_seconds"

/* Seconds. A write to etcd takes some milliseconds, one that was tried again some seconds. */
static const struct {
    double most;
    const char *text;
} buckets[N_LATENCIES] = {
    {.001, "0.001"}, {.0025, "0.0025"}, {.005, "0.005"}, {.01, "0.01"}, {.025, "0.025"}, {.05, "0.05"},
    {.1, "0.1"},     {.25, "0.25"},     {.5, "0.5"},     {1, "1"},      {5, "5"},        {30, "30"},
};
static const char *const outcomes[N_SYNCS] = {
    [OUTCOME_DONE] = "done",
    [OUTCOME_REFUSED] = "refused",
    [OUTCOME_FAILED] = "failed",
    [SYNC_PARTLY] = "partly",
};

/* ---- counting ---- */

void metrics_count_latency(struct metrics *m, double seconds)
{
    size_t i = 0;
    while (i < N_LATENCIES && seconds > buckets[i].most)
        i++;
    m->latencies[i]++;
    m->latency_sum += seconds;
}

static void count_ops(struct metrics *m, const struct plan *p)
{
    for (size_t i = 0; i < p->ops.n; i++) {
        const struct op *op = &p->ops.items[i];
        if (op->state != OP_PLANNED)
            m->writes[op->item->kind][op->type][op->state == OP_FAILED]++;
    }
}

static void count_objects(struct metrics *m, const struct wanted *w, const struct items *live)
{
    memset(m->wanted, 0, sizeof m->wanted);
    memset(m->live, 0, sizeof m->live);
    m->knows_live = live != NULL;
    for (size_t i = 0; i < w->n_claims; i++)
        if (i == 0 || item_compare(w->claims[i - 1].item, w->claims[i].item) != 0)
            m->wanted[w->claims[i].item->kind]++;
    for (size_t i = 0; live && i < live->n; i++)
        m->live[live->items[i]->kind] += live->items[i]->owner != NULL;
}

static void count_held(struct metrics *m, const struct wanted *w)
{
    m->n_held = 0;
    for (const struct owner *o = w->owners; o; o = o->hh.next)
        m->n_held += o->spares;
}

void metrics_count_sync(struct metrics *m, enum outcome outcome, const struct plan *p, const struct wanted *w,
                        const struct items *live, double now)
{
    m->syncs[outcome == OUTCOME_DONE && p->n_failed > 0 ? (int)SYNC_PARTLY : (int)outcome]++;
    m->n_refused = p->refusals.n;
    count_ops(m, p);
    count_objects(m, w, live);
    count_held(m, w);
    if (outcome == OUTCOME_DONE && p->n_failed == 0)
        m->succeeded_at = now;
}

/* ---- the text ---- */

struct series {
    struct buf *out;
    const char *name;
    const struct metrics *of;
};

static void add_escaped(struct buf *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '\n')
            buf_adds(out, "\\n");
        else if (*s == '"' || *s == '\\')
            buf_addf(out, "\\%c", *s);
        else
            buf_addc(out, *s);
    }
}

/* NAME{target="...",  -- the rest is the caller's. */
static void begin(const struct series *s, const char *suffix)
{
    buf_addf(s->out, "%s%s{target=\"", s->name, suffix);
    add_escaped(s->out, s->of->target);
    buf_addc(s->out, '"');
}

static void add_syncs(const struct series *s)
{
    for (size_t i = 0; i < N_ELEMS(outcomes); i++) {
        begin(s, "");
        buf_addf(s->out, ",outcome=\"%s\"} %llu\n", outcomes[i], (unsigned long long)s->of->syncs[i]);
    }
}

static void add_writes(const struct series *s)
{
    for (int k = 0; k < N_APISIX_KINDS; k++)
        for (int op = 0; op <= OP_DELETE && apisix_kind(k)->is_written; op++)
            for (int failed = 0; failed < 2; failed++) {
                begin(s, "");
                buf_addf(s->out, ",kind=\"%s\",op=\"%s\",outcome=\"%s\"} %llu\n", apisix_kind(k)->name,
                         op_name(op), failed ? "failed" : "done",
                         (unsigned long long)s->of->writes[k][op][failed]);
            }
}

static void add_kinds(const struct series *s, const size_t *counts, bool labelled_only)
{
    for (int k = 0; k < N_APISIX_KINDS; k++) {
        if (!apisix_kind(k)->is_written || (labelled_only && !apisix_kind(k)->has_labels))
            continue;
        begin(s, "");
        buf_addf(s->out, ",kind=\"%s\"} %zu\n", apisix_kind(k)->name, counts[k]);
    }
}

static void add_wanted(const struct series *s)
{
    add_kinds(s, s->of->wanted, false);
}

static void add_live(const struct series *s)
{
    if (s->of->knows_live)
        add_kinds(s, s->of->live, true);
}

static void add_refused(const struct series *s)
{
    begin(s, "");
    buf_addf(s->out, "} %zu\n", s->of->n_refused);
}

static void add_held(const struct series *s)
{
    begin(s, "");
    buf_addf(s->out, "} %zu\n", s->of->n_held);
}

static void add_success(const struct series *s)
{
    begin(s, "");
    buf_addf(s->out, "} %.3f\n", s->of->succeeded_at);
}

static void add_latencies(const struct series *s)
{
    unsigned long long n = 0;
    for (size_t i = 0; i < N_LATENCIES; i++) {
        n += s->of->latencies[i];
        begin(s, "_bucket");
        buf_addf(s->out, ",le=\"%s\"} %llu\n", buckets[i].text, n);
    }
    n += s->of->latencies[N_LATENCIES];
    begin(s, "_bucket");
    buf_addf(s->out, ",le=\"+Inf\"} %llu\n", n);
    begin(s, "_sum");
    buf_addf(s->out, "} %.6f\n", s->of->latency_sum);
    begin(s, "_count");
    buf_addf(s->out, "} %llu\n", n);
}

static const struct family {
    const char *name, *type, *help;
    void (*add)(const struct series *s);
} families[] = {
    {"gwpipe_push_syncs_total", "counter",
     "SYNCs, by what became of them at the target; partly: some objects failed.", add_syncs},
    {"gwpipe_push_writes_total", "counter", "Objects written or deleted, or not.", add_writes},
    {"gwpipe_push_write_duration_seconds", "histogram",
     "How long the write of an object took, from when it was sent.", add_latencies},
    {"gwpipe_push_wanted_objects", "gauge", "Objects that the records want.", add_wanted},
    {"gwpipe_push_live_objects", "gauge", "Objects with the labels of this instance after the last SYNC.",
     add_live},
    {"gwpipe_push_refused_objects", "gauge", "Objects that gw-push refused to write at the last SYNC.",
     add_refused},
    {"gwpipe_push_held_owners", "gauge",
     "Owners whose live objects stay as they are, since their records were rejected or wait.", add_held},
    {LAST_SUCCESS, "gauge", "When a SYNC was last carried out without a failure; 0: not yet.", add_success},
};

void metrics_render(struct buf *out, const struct metrics *const *list, size_t n)
{
    for (size_t i = 0; i < N_ELEMS(families); i++) {
        const struct family *f = &families[i];
        buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, f->type);
        for (size_t k = 0; k < n; k++)
            f->add(&(struct series){out, f->name, list[k]});
    }
}

/* ---- the text of an earlier process ---- */

/* As add_success() writes it, in n bytes; 0: it is not that. */
static double time_of(const char *p, size_t n)
{
    char digits[32], *end;
    if (n == 0 || n >= sizeof digits)
        return 0;
    memcpy(digits, p, n);
    digits[n] = '\0';
    if (strspn(digits, "0123456789.") != n)
        return 0;
    double t = strtod(digits, &end);
    return *end ? 0 : t;
}

void metrics_take_over(struct metrics *m, const char *text, size_t n, double now)
{
    const char *end = text + n, *line_end;
    struct buf start;
    buf_init(&start, BUF_MAX_SCRATCH);
    begin(&(struct series){&start, LAST_SUCCESS, m}, "");
    buf_adds(&start, "} ");
    for (const char *p = text; m->succeeded_at == 0 && p < end; p = line_end + 1) {
        line_end = memchr(p, '\n', (size_t)(end - p));
        if (!line_end) /* it is cut */
            break;
        size_t len = (size_t)(line_end - p);
        if (len <= start.len || memcmp(p, start.p, start.len) != 0)
            continue;
        double t = time_of(p + start.len, len - start.len);
        m->succeeded_at = t <= now ? t : 0;
    }
    buf_free(&start);
}
