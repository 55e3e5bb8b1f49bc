#include "apisix/lua.h"

#include "base/buf.h"

/*
 * The route that is asked first chooses for the request and leaves the choice in its context. The state of
 * the round is per worker, started anew when the weights change.
 */
#define SHARE_CHOOSES                                                                                        \
    "local c=ngx.ctx.gwpipe_share or {} ngx.ctx.gwpipe_share=c "                                             \
    "if not c[k] then "                                                                                      \
    "local all=package.loaded['gwpipe.share'] or {} package.loaded['gwpipe.share']=all "                     \
    "local n=table.concat(w,',') local s=all[k] "                                                            \
    "if not s or s.n~=n then s={n=n} for i=1,#w do s[i]=0 end all[k]=s end "                                 \
    "local sum,best=0,1 "                                                                                    \
    "for i=1,#w do s[i]=s[i]+w[i] sum=sum+w[i] if s[i]>s[best] then best=i end end "                         \
    "s[best]=s[best]-sum c[k]=best end "                                                                     \
    "return c[k]==me end"

char *lua_share(const char *name, const int64_t *weights, int n, int index)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_addf(&b, "function(vars) local k,w,me='%s',{", name);
    for (int i = 0; i < n; i++)
        buf_addf(&b, "%s%lld", i ? "," : "", (long long)weights[i]);
    buf_addf(&b, "},%d ", index + 1);
    buf_adds(&b, SHARE_CHOOSES);
    char *text = xstrndup(b.p, b.len);
    buf_free(&b);
    return text;
}
