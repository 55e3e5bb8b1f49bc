#include "apisix/lua.h"

#include <openssl/evp.h>
#include <stdlib.h>

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

/* ---- sessions ---- */

/* User text as a Lua expression that is its value. */
static void add_text(struct buf *b, const char *text)
{
    size_t n = strlen(text);
    unsigned char *room = xcalloc(4 * ((n + 2) / 3) + 1, 1);
    EVP_EncodeBlock(room, (const unsigned char *)text, (int)n);
    buf_addf(b, "ngx.decode_base64('%s')", (const char *)room);
    free(room);
}

/*
 * `tok` names an endpoint; `t` becomes the one that the request's session names, nil when there is none or it
 * is over. A session is TIME.TOKEN.
 */
#define SESSION_READS                                                                                        \
    "local function tok(h,p) return ngx.md5(salt..h..':'..p):sub(1,16) end "                                 \
    "local v=ctx.var[header and 'http_'..name:lower():gsub('-','_') or 'cookie_'..name] "                    \
    "local ts,t=tostring(v or ''):match('^(%d+)%.(%x+)$') "                                                  \
    "if t and abs>0 and ngx.time()-tonumber(ts)>=abs then t=nil end "

/* Setting the balancer's view of the server too keeps a retry from taking the session's endpoint again. */
#define SESSION_PICKS                                                                                        \
    "for _,n in ipairs(t and ctx.upstream_conf.nodes or {}) do if tok(n.host,n.port)==t then "               \
    "if n.host~=s.host or n.port~=s.port then "                                                              \
    "ctx.picked_server={host=n.host,port=n.port,upstream_host=s.upstream_host} "                             \
    "ctx.balancer_server=n.host..':'..n.port ctx.balancer_ip=n.host ctx.balancer_port=n.port end "           \
    "return end end "                                                                                        \
    "local core=require('apisix.core') local new=ngx.time()..'.'..tok(s.host,s.port) "                       \
    "if header then core.response.set_header(name,new) return end "                                          \
    "core.response.add_header('Set-Cookie',name..'='..new..'; Path='..path.."                                \
    "(keep and abs>0 and '; Max-Age='..abs or '')..'; HttpOnly; SameSite=Strict') end"

static void add_session(struct buf *b, const struct lua_session *s)
{
    buf_adds(b, "local name,path=");
    add_text(b, s->name);
    buf_addc(b, ',');
    add_text(b, s->path);
    buf_addf(b, " local salt,header,keep,abs='%s',%s,%s,%lld ", s->salt, s->is_header ? "true" : "false",
             s->is_permanent ? "true" : "false", (long long)s->max_age);
    buf_adds(b, SESSION_READS);
}

char *lua_session(const struct lua_session *s)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_adds(&b, "return function(conf,ctx) local s=ctx.picked_server "
                 "if ngx.get_phase()~='access' or not s then return end ");
    add_session(&b, s);
    buf_adds(&b, SESSION_PICKS);
    char *text = xstrndup(b.p, b.len);
    buf_free(&b);
    return text;
}

char *lua_session_upstream(const struct lua_session *s, const char *const *ids, int n)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_adds(&b, "return function(conf,ctx) ");
    add_session(&b, s);
    buf_adds(&b,
             "if not t then return end local get=require('apisix.upstream').get_by_id for _,id in ipairs({");
    for (int i = 0; i < n; i++)
        buf_addf(&b, "%s'%s'", i ? "," : "", ids[i]);
    buf_adds(&b, "}) do local u=get(id) for _,n in ipairs(u and u.nodes or {}) do "
                 "if tok(n.host,n.port)==t then ctx.upstream_id=id return end end end end");
    char *text = xstrndup(b.p, b.len);
    buf_free(&b);
    return text;
}
