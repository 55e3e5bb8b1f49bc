#include "apisix/lua.h"

#include <ctype.h>
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

/* ---- headers ---- */

char *lua_add_headers(jv headers)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_adds(&b, "return function() local add=require('apisix.core').response.add_header");
    for (int i = 0; i < jx_len(headers); i++) {
        buf_adds(&b, " add(");
        add_text(&b, jx_getstr_or(jx_at(headers, i), "name", ""));
        buf_addc(&b, ',');
        add_text(&b, jx_getstr_or(jx_at(headers, i), "value", ""));
        buf_addc(&b, ')');
    }
    buf_adds(&b, " end");
    char *text = xstrndup(b.p, b.len);
    buf_free(&b);
    return text;
}

/* ---- external authorisation ---- */

/* {'Base64 of the lower-case text', ...}, decoded when the function is made. */
static void add_names(struct buf *b, jv names)
{
    buf_addc(b, '{');
    for (int i = 0; i < jx_len(names); i++) {
        char lower[256];
        const char *name = jx_str(jx_at(names, i));
        size_t n = 0;
        for (; name && name[n] && n + 1 < sizeof lower; n++)
            lower[n] = (char)tolower((unsigned char)name[n]);
        lower[n] = '\0';
        add_text(b, lower);
        buf_addc(b, ',');
    }
    buf_addc(b, '}');
}

/* What belongs to one connection or to the body of one message is never taken over to another. */
#define AUTH_OWN                                                                                             \
    "local function own(n) n=n:lower() return n:find('^content%-') or n:find('^proxy%-') or "                \
    "({host=1,[':authority']=1,connection=1,['keep-alive']=1,te=1,trailer=1,['transfer-encoding']=1,"        \
    "upgrade=1})[n] end "

/*
 * The body, of at most `max` bytes. Without a length HTTP/2 bodies cannot be read; methods without a body
 * have none.
 */
#define READS_BODY(is_too_large, has_no_length)                                                              \
    "if got['content-length'] or got['transfer-encoding'] then local why "                                   \
    "body,why=core.request.get_body(max,ctx) if why then return" is_too_large " end "                        \
    "elseif (ngx.req.http_version() or 0)>=2 and not ({GET=1,HEAD=1,OPTIONS=1,DELETE=1})[method] then "      \
    "return" has_no_length " end "

#define AUTH_ASKS                                                                                            \
    "local up=require('apisix.upstream').get_by_id(id) local nodes=up and up.nodes or {} "                   \
    "if #nodes==0 then return 403 end local node=nodes[math.random(#nodes)] "                                \
    "local headers={host=got.host,authorization=got.authorization,['content-length']=tostring(#(body or "    \
    "''))} "                                                                                                 \
    "for _,n in ipairs(allowed) do if not own(n) then headers[n]=got[n] end end "                            \
    "if body and got['content-type'] then headers['content-type']=got['content-type'] end "                  \
    "local path,query=(prefix..ctx.var.real_request_uri):match('^([^?]*)%?"                                  \
    "?(.*)$') "                                                                                              \
    "local client=require('resty.http').new() client:set_timeout(5000) "                                     \
    "if not client:connect({scheme='http',host=node.host,port=node.port}) then return 403 end "              \
    "local r=client:request({method=method,path=path,query=query~='' and query or nil,headers=headers,"      \
    "body=body}) if not r then return 403 end "                                                              \
    "local text=r:read_body() client:set_keepalive() "

#define AUTH_JUDGES                                                                                          \
    "if r.status==200 then "                                                                                 \
    "for _,n in ipairs(back) do if not own(n) then core.request.set_header(ctx,n,r.headers[n]) end end "     \
    "if #back==0 then for n,v in pairs(r.headers) do "                                                       \
    "if not own(n) then core.request.set_header(ctx,n,v) end end end return end "                            \
    "if r.status<300 then return 403 end "                                                                   \
    "for n,v in pairs(r.headers) do if not own(n) or n:lower()=='content-type' then ngx.header[n]=v end "    \
    "end "                                                                                                   \
    "return r.status,text or '' end"

char *lua_ext_auth(const struct lua_ext_auth *a)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_addf(&b, "local id,max='%s',%lld local prefix=", a->upstream, (long long)a->max_body);
    add_text(&b, a->prefix);
    buf_adds(&b, " local allowed,back=");
    add_names(&b, a->allowed);
    buf_addc(&b, ',');
    add_names(&b, a->back);
    buf_adds(&b, " " AUTH_OWN "return function(conf,ctx) local core=require('apisix.core') "
                 "local got,method=ngx.req.get_headers(0),ngx.req.get_method() "
                 "local body if max>0 then " READS_BODY(" 413", " 411") "end " AUTH_ASKS AUTH_JUDGES);
    char *text = xstrndup(b.p, b.len);
    buf_free(&b);
    return text;
}

/* ---- retries ---- */

/* What belongs to one connection, or is between the two routes. */
#define RETRY_OWN                                                                                            \
    "local own={connection=1,['keep-alive']=1,['proxy-connection']=1,te=1,trailer=1,"                        \
    "['transfer-encoding']=1,upgrade=1,expect=1,['" LUA_RETRY_RECEIVED "']=1} "

/* What filters made of the request, to be sent to the route of the tries. */
#define RETRY_ASKS                                                                                           \
    "local uri=ctx.var.upstream_uri if not uri or uri=='' then uri=ctx.var.real_request_uri end "            \
    "local path,query=('/'..name..uri):match('^([^?]*)(.*)$') "                                              \
    "local headers={} for n,v in pairs(got) do if not own[n:lower()] then headers[n:lower()]=v end end "     \
    "headers['content-length']=(body or got['content-length']) and tostring(#(body or '')) or nil "          \
    "headers.host,headers['x-real-ip']=ctx.var.upstream_host,ctx.var.remote_addr "                           \
    "headers['" LUA_RETRY_HOST "'],headers['" LUA_RETRY_PORT "'],headers['" LUA_RETRY_PROTO "']="            \
    "ctx.var.http_host,ctx.var.server_port,ctx.var.scheme "                                                  \
    "local over=limit>0 and ngx.now()+limit "                                                                \
    "local function ask() local ms=over and math.max(over-ngx.now(),0.001)*1000 or 2147483000 "              \
    "local c=require('resty.http').new() c:set_timeouts(math.min(ms,5000),ms,ms) "                           \
    "if not c:connect({scheme='http',host='127.0.0.1',port=port}) then return end "                          \
    "return c,c:request({method=method,path=path,query=query,headers=headers,body=body}) end "

/* The answer as it comes. One that breaks off does so for the client too. */
#define RETRY_ANSWERS                                                                                        \
    "local function answer(c,r) ngx.status=r.status "                                                        \
    "for n,v in pairs(r.headers) do if not own[n:lower()] then ngx.header[n]=v end end "                     \
    "ngx.send_headers() local take=r.has_body and r.body_reader "                                            \
    "while take do local part,why=take(65536) if why then c:close() return ngx.exit(ngx.ERROR) end "         \
    "if not part then break end ngx.print(part) ngx.flush(true) end "                                        \
    "c:set_keepalive() return ngx.exit(r.status) end "

/*
 * Tries that brought no byte from the upstream were repeated behind the port already, as often as may be.
 * When the time is up before the next try, the last answer is the one.
 */
#define RETRY_GOES_ON                                                                                        \
    "local tried,wait=0,pause while true do local c,r=ask() "                                                \
    "if not c then if tried==0 then return end return 502 end "                                              \
    "if not r then c:close() return 504 end "                                                                \
    "local received=tostring(r.headers['" LUA_RETRY_RECEIVED "'] or '') "                                    \
    "tried=tried+math.max(select(2,received:gsub('%d+','')),1) "                                             \
    "if tried>more or not codes[r.status] or not received:find('[1-9]') "                                    \
    "or over and ngx.now()+wait>=over then return answer(c,r) end "                                          \
    "c:close() if wait>0 then ngx.sleep(wait) wait=wait*2 end end end"

char *lua_retry(const struct lua_retry *r)
{
    enum { MAX_BODY = 8 << 20 };
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_addf(&b, "local name,port,more,pause,limit,max='%s',%d,%d,%.3f,%.3f,%d local codes={", r->name,
             r->port, r->attempts, r->backoff, r->limit, MAX_BODY);
    for (int i = 0; i < jx_len(r->codes); i++)
        buf_addf(&b, "[%d]=true,", (int)jx_number_or(jx_at(r->codes, i), 0));
    buf_adds(&b, "} " RETRY_OWN "return function(conf,ctx) local core=require('apisix.core') "
                 "local got,method=ngx.req.get_headers(0),ngx.req.get_method() "
                 "if got.upgrade then return end local body " READS_BODY("", "")
                     RETRY_ASKS RETRY_ANSWERS RETRY_GOES_ON);
    char *text = xstrndup(b.p, b.len);
    buf_free(&b);
    return text;
}

/* ---- backends that speak HTTP/2 ---- */

/* APISIX keeps what it knows of the request for a location of its own the same way. */
#define H2C_GOES                                                                                             \
    "or ngx.var.http_upgrade then return end "                                                               \
    "ngx.var.ctx_ref=require('resty.ctxdump').stash_ngx_ctx() ctx._apisix_proxied=true "                     \
    "return ngx.exec('" LUA_H2C_LOCATION "') end"

char *lua_h2c(jv ids)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    if (!jx_is_none(ids)) {
        buf_adds(&b, "local ids={");
        for (int i = 0; i < jx_len(ids); i++)
            buf_addf(&b, "['%s']=true,", jx_str(jx_at(ids, i)));
        buf_adds(&b, "} ");
    }
    buf_adds(&b, "return function(conf,ctx) if ngx.get_phase()~='access' ");
    if (!jx_is_none(ids))
        buf_adds(&b, "or not ids[ctx.upstream_id] ");
    buf_adds(&b, H2C_GOES);
    char *text = xstrndup(b.p, b.len);
    buf_free(&b);
    return text;
}
