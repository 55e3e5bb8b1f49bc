# gwpipe. `make help` lists the targets; `make demo` and `make test` are the ones to start with.
# Flags come from the environment as usual (CC, CFLAGS, LDFLAGS); DEV=1 turns warnings into errors,
# B=DIR builds elsewhere, SAN=1 builds with ASan and UBSan in build-asan/, V=1 shows every command.

VERSION  := 0.1.0
PREFIX   ?= /usr/local
BINDIR   ?= $(PREFIX)/bin
MANDIR   ?= $(PREFIX)/share/man
DOCDIR   ?= $(PREFIX)/share/doc/gwpipe

ifdef SAN
B        ?= build-asan
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
B        ?= build
HARDEN   := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong
endif
# One name for one place, absolute or not: by another, what the .d files say would be about other files.
override B := $(patsubst $(CURDIR)/%,%,$(abspath $(B)))

CC       ?= cc
CFLAGS   ?= -g $(if $(SAN),-O1,)
JQ_VERSION := $(shell pkg-config --modversion libjq 2>/dev/null || dpkg-query -W -f '$${Version}' libjq-dev 2>/dev/null || echo unknown)
CPPFLAGS += -Ilib -D_GNU_SOURCE -DGW_VERSION='"$(VERSION)"' -DLIBJQ_VERSION='"$(JQ_VERSION)"'
WARN     := -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wold-style-definition -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Wundef -fno-common \
            $(if $(DEV),-Werror,)
ALL_CFLAGS = $(WARN) $(HARDEN) $(SANFLAGS) $(CPPFLAGS) $(CFLAGS)

# The link table: which program needs what beyond libgw.a. It is the architecture in five lines.
LIBS_gw-watch        := -lyaml
LIBS_gw-validate     := -lpcre2-8 -lcrypto
LIBS_gw-resolve-refs := -lcrypto
LIBS_gw-translate    := -lcrypto
LIBS_gw-push         := -lyaml -lcrypto -lcurl
COMMON_LIBS          := -ljq -lm
# A test may call anything.
TEST_LIBS            := -lyaml -lpcre2-8 -lcrypto -lcurl $(COMMON_LIBS)

TOOLS     := $(patsubst tools/%.c,%,$(wildcard tools/*.c))
PIPELINES := $(notdir $(wildcard pipelines/gw-*))
LIB_OBJS  := $(patsubst lib/%.c,$(B)/lib/%.o,$(wildcard lib/*/*.c))

# $(call run,CC,what): one short line for the command that follows; the command itself with V=1.
ifdef V
run =
else
run = @printf '  %-5s %s\n' '$(1)' '$(2)';
endif

.PHONY: all
all: $(TOOLS:%=$(B)/bin/%) $(PIPELINES:%=$(B)/bin/%) ## build the programs (default)

$(B)/libgw.a: $(LIB_OBJS)
	@mkdir -p $(@D) && rm -f $@
	$(call run,AR,$@) $(AR) rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call run,CC,$<) $(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(TOOLS:%=$(B)/bin/%): $(B)/bin/%: $(B)/tools/%.o $(B)/libgw.a
	@mkdir -p $(@D)
	$(call run,LD,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< $(B)/libgw.a $(LIBS_$*) $(COMMON_LIBS)

# The front door runs from the build tree as it does installed: programs beside each other.
$(B)/bin/%: pipelines/%
	@mkdir -p $(@D)
	$(call run,COPY,$@) install -m 755 $< $@

-include $(LIB_OBJS:.o=.d) $(TOOLS:%=$(B)/tools/%.d)

.PHONY: install uninstall clean help
install: all ## install below PREFIX (default /usr/local); DESTDIR is respected
	install -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(MANDIR)/man1' '$(DESTDIR)$(MANDIR)/man7' '$(DESTDIR)$(DOCDIR)'
	install -m 755 $(TOOLS:%=$(B)/bin/%) $(PIPELINES:%=$(B)/bin/%) '$(DESTDIR)$(BINDIR)'
	install -m 644 $(wildcard docs/man/*.1) '$(DESTDIR)$(MANDIR)/man1'
	install -m 644 $(wildcard docs/man/*.7) '$(DESTDIR)$(MANDIR)/man7'
	install -m 644 README.md LICENSE $(wildcard docs/*.md) '$(DESTDIR)$(DOCDIR)'
	cp -R docs/examples '$(DESTDIR)$(DOCDIR)'

uninstall: ## remove what install put there
	rm -f $(TOOLS:%='$(DESTDIR)$(BINDIR)/%') $(PIPELINES:%='$(DESTDIR)$(BINDIR)/%')
	rm -f $(patsubst docs/man/%,'$(DESTDIR)$(MANDIR)/man1/%',$(wildcard docs/man/*.1))
	rm -f $(patsubst docs/man/%,'$(DESTDIR)$(MANDIR)/man7/%',$(wildcard docs/man/*.7))
	rm -rf '$(DESTDIR)$(DOCDIR)'

clean: ## remove the build directories
	rm -rf build build-asan build-fuzz

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@sed -n '2,3s/^# //p' Makefile

# The rest by topic, each owned by the part that it serves.
include $(wildcard tests/*.mk docs/*.mk)
