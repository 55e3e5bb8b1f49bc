/* scalar: what kubectl takes a plain scalar for, row by row. */
#include <stdio.h>

#include "yaml/scalar.h"

static const struct {
    const char *text;
    int kind;
    const char *json;
} rows[] = {
    {"", Y_NULL, "null"},
    {"~", Y_NULL, "null"},
    {"null", Y_NULL, "null"},
    {"Null", Y_NULL, "null"},
    {"NULL", Y_NULL, "null"},
    {"nULL", Y_STRING, NULL},
    {"true", Y_BOOL, "true"},
    {"True", Y_BOOL, "true"},
    {"TRUE", Y_BOOL, "true"},
    {"tRUE", Y_STRING, NULL},
    {"yes", Y_BOOL, "true"},
    {"y", Y_BOOL, "true"},
    {"Y", Y_BOOL, "true"},
    {"on", Y_BOOL, "true"},
    {"ON", Y_BOOL, "true"},
    {"no", Y_BOOL, "false"},
    {"n", Y_BOOL, "false"},
    {"N", Y_BOOL, "false"},
    {"off", Y_BOOL, "false"},
    {"False", Y_BOOL, "false"},
    {"nope", Y_STRING, NULL},
    {"none", Y_STRING, NULL},
    {"o", Y_STRING, NULL},
    {"t", Y_STRING, NULL},
    {"0", Y_NUMBER, "0"},
    {"-0", Y_NUMBER, "0"},
    {"80", Y_NUMBER, "80"},
    {"+80", Y_NUMBER, "80"},
    {"-80", Y_NUMBER, "-80"},
    {"1_000", Y_NUMBER, "1000"},
    {"1__0_", Y_NUMBER, "10"},
    {"_1", Y_STRING, NULL},
    {"0x1F", Y_NUMBER, "31"},
    {"-0x1f", Y_NUMBER, "-31"},
    {"0x_1f", Y_NUMBER, "31"},
    {"0x", Y_STRING, NULL},
    {"0xg", Y_STRING, NULL},
    {"0o17", Y_NUMBER, "15"},
    {"0O17", Y_NUMBER, "15"},
    {"0o8", Y_STRING, NULL},
    {"017", Y_NUMBER, "15"},
    {"00", Y_NUMBER, "0"},
    {"08", Y_NUMBER, "8"},
    {"0b101", Y_NUMBER, "5"},
    {"-0b11", Y_NUMBER, "-3"},
    {"0b2", Y_STRING, NULL},
    {"9007199254740993", Y_NUMBER, "9007199254740993"},
    {"9223372036854775807", Y_NUMBER, "9223372036854775807"},
    {"-9223372036854775808", Y_NUMBER, "-9223372036854775808"},
    {"18446744073709551615", Y_NUMBER, "18446744073709551615"},
    {"18446744073709551616", Y_NUMBER, "1.8446744073709552e+19"},
    {"1e3", Y_NUMBER, "1000"},
    {"1E3", Y_NUMBER, "1000"},
    {"1e+3", Y_NUMBER, "1000"},
    {"1e-3", Y_NUMBER, "0.001"},
    {"1.5", Y_NUMBER, "1.5"},
    {"1.", Y_NUMBER, "1"},
    {".5", Y_NUMBER, "0.5"},
    {"-.5", Y_NUMBER, "-0.5"},
    {"+1.50", Y_NUMBER, "1.5"},
    {"1_0.5", Y_NUMBER, "10.5"},
    {".5_0", Y_STRING, NULL},
    {"1e400", Y_STRING, NULL},
    {"1e", Y_STRING, NULL},
    {"e3", Y_STRING, NULL},
    {".", Y_STRING, NULL},
    {"..", Y_STRING, NULL},
    {"-", Y_STRING, NULL},
    {"+", Y_STRING, NULL},
    {"-.", Y_STRING, NULL},
    {"1.2.3", Y_STRING, NULL},
    {"10.0.0.1", Y_STRING, NULL},
    {"12:30:45", Y_STRING, NULL},
    {"190:20", Y_STRING, NULL},
    {"2001-12-14", Y_STRING, NULL},
    {"2001-12-14t21:59:43.10-05:00", Y_STRING, NULL},
    {"1-2", Y_STRING, NULL},
    {"1,000", Y_STRING, NULL},
    {"8080/TCP", Y_STRING, NULL},
    {"10s", Y_STRING, NULL},
    {"0x1.8p1", Y_STRING, NULL},
    {"nan", Y_STRING, NULL},
    {"inf", Y_STRING, NULL},
    {".inf", SCALAR_NO_JSON, NULL},
    {"-.Inf", SCALAR_NO_JSON, NULL},
    {"+.INF", SCALAR_NO_JSON, NULL},
    {".nan", SCALAR_NO_JSON, NULL},
    {".NaN", SCALAR_NO_JSON, NULL},
    {"-.nan", Y_STRING, NULL},
    {"<<", Y_STRING, NULL},
    {"=", Y_STRING, NULL},
    {"http", Y_STRING, NULL},
};

int main(void)
{
    int failed = 0;
    for (size_t i = 0; i < N_ELEMS(rows); i++) {
        char json[SCALAR_ROOM] = "";
        int kind = scalar_resolve(rows[i].text, strlen(rows[i].text), json);
        bool is_ok = kind == rows[i].kind && (!rows[i].json || str_eq(json, rows[i].json));
        printf("%sok %zu scalar: %s\n", is_ok ? "" : "not ", i + 1, rows[i].text);
        if (!is_ok)
            printf("# kind %d, JSON %s; expected %d, %s\n", kind, json, rows[i].kind,
                   rows[i].json ? rows[i].json : "none");
        failed += !is_ok;
    }
    printf("1..%zu\n", N_ELEMS(rows));
    return failed > 0;
}
