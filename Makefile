# SPDX-License-Identifier: GPL-2.0-or-later
# `make help` lists what there is.

PREFIX ?= /usr
DESTDIR ?=
BUILD ?= build
# Debian's zsh does not look where others do.
ZSH_COMPLETIONS ?= $(PREFIX)/share/zsh/$(if $(wildcard /etc/debian_version),vendor-completions,site-functions)
# V=1 shows the commands.
Q := $(if $(V),,@)

CC ?= cc
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2
# Boot images carry the programs: size counts. Not with SANITIZE=1, nor in `make coverage`.
SIZE ?= -Os
WARNINGS := -Wall -Wextra -Wvla -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Werror=implicit-function-declaration
HARDENING := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
# Nothing walks the stack of these programs, and boot images carry them: without its tables they are an eighth smaller.
UNWIND := -fno-asynchronous-unwind-tables
# SANITIZE=1 builds with ASan and UBSan.
ifdef SANITIZE
UNWIND :=
SIZE :=
HARDENING := -fPIE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZER_LIBS := -fsanitize=address,undefined
# They run some ten thousand times: at a fixed address a fifth of what each takes is spared.
PIE := -no-pie
LDFLAGS ?=
endif
# Boot images carry the programs: no symbols, unless asked for, and of the engine what each of them uses.
LDFLAGS ?= -Wl,-s,--gc-sections
PIE ?= -pie
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE -Isrc -ffunction-sections -fdata-sections $(UNWIND) $(WARNINGS) $(HARDENING) $(CFLAGS) $(SIZE) -MMD -MP
ALL_LDFLAGS = $(PIE) -Wl,-z,relro,-z,now -Wl,--as-needed $(SANITIZER_LIBS) $(LDFLAGS)

ENGINE_SOURCES := $(sort $(wildcard $(addprefix src/,$(addsuffix /*.c,base config cmdline bus bus/* facts guard plan act state loader maker check report export))))
PROGRAMS := passthroughctl passthrough-bind passthrough-demand passthrough-sriov passthrough-vgpu passthrough-generator passthrough-cmdline
passthroughctl_SOURCES := $(sort $(wildcard src/ctl/*.c)) src/validate/findings.c src/validate/machine.c
# What looks at a host that is up is no boot image's.
passthrough-demand_SOURCES := $(addprefix src/bind/,arrival.c asked.c demand.c host.c passthrough-demand.c run.c settle.c udev.c)
passthrough-sriov_SOURCES := $(addprefix src/bind/,passthrough-sriov.c making.c making-main.c host.c run.c settle.c sriov.c)
passthrough-vgpu_SOURCES := $(addprefix src/bind/,passthrough-vgpu.c demand.c making.c making-main.c host.c run.c settle.c vgpu.c)
passthrough-bind_SOURCES := src/bind/run.c $(filter-out $(passthrough-demand_SOURCES) $(passthrough-sriov_SOURCES) $(passthrough-vgpu_SOURCES),$(sort $(wildcard src/bind/*.c)))
passthrough-generator_SOURCES := $(sort $(wildcard generator/*.c))
passthrough-cmdline_SOURCES := $(sort $(wildcard src/validate/*.c))
SOURCES := $(ENGINE_SOURCES) $(foreach p,$(PROGRAMS),$($(p)_SOURCES))

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

.PHONY: all
all: $(addprefix $(BUILD)/,$(PROGRAMS)) ## build the programs

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/engine.a: $(call objects,$(ENGINE_SOURCES))
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/passthroughctl $(BUILD)/passthrough-cmdline $(BUILD)/passthrough-vgpu: LIBRARIES = -ljson-c
$(BUILD)/passthrough-sriov: LIBRARIES = -lmnl
define program
$(BUILD)/$(1): $(call objects,$($(1)_SOURCES)) $(BUILD)/engine.a
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBRARIES)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

-include $(patsubst %.o,%.d,$(call objects,$(SOURCES)))

# Their order is that of their names, where nothing else says so: what begins with 00 comes before udev.
INITRAMFS_SCRIPTS := init-top/00-passthrough init-premount/passthrough init-bottom/00-passthrough panic/passthrough

.PHONY: install
install: all ## install below DESTDIR, PREFIX=/usr
	install -D -m 755 $(BUILD)/passthroughctl $(DESTDIR)$(PREFIX)/bin/passthroughctl
	install -D -m 755 $(BUILD)/passthrough-bind $(DESTDIR)$(PREFIX)/lib/passthrough/passthrough-bind
	install -D -m 755 $(BUILD)/passthrough-demand $(DESTDIR)$(PREFIX)/lib/passthrough/passthrough-demand
	install -D -m 755 $(BUILD)/passthrough-sriov $(DESTDIR)$(PREFIX)/lib/passthrough/passthrough-sriov
	install -D -m 755 $(BUILD)/passthrough-vgpu $(DESTDIR)$(PREFIX)/lib/passthrough/passthrough-vgpu
	install -D -m 755 $(BUILD)/passthrough-cmdline $(DESTDIR)$(PREFIX)/lib/passthrough/passthrough-cmdline
	install -D -m 755 $(BUILD)/passthrough-generator \
		$(DESTDIR)$(PREFIX)/lib/systemd/system-generators/passthrough-generator
	install -d $(DESTDIR)$(PREFIX)/lib/dracut/modules.d/50passthrough $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 755 dracut/50passthrough/*.sh $(DESTDIR)$(PREFIX)/lib/dracut/modules.d/50passthrough
	install -D -m 755 conf/initramfs-tools/hook $(DESTDIR)$(PREFIX)/share/initramfs-tools/hooks/passthrough
	for script in $(INITRAMFS_SCRIPTS); do \
		install -D -m 755 conf/initramfs-tools/$${script%%/*} \
			$(DESTDIR)$(PREFIX)/share/initramfs-tools/scripts/$$script || exit; \
	done
	install -m 644 conf/systemd/* $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system/multi-user.target.wants
	ln -sf ../passthrough-trial.service $(DESTDIR)$(PREFIX)/lib/systemd/system/multi-user.target.wants
	for page in man/*.[1-8]; do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit; \
	done
	for file in $$(find conf/examples -type f); do \
		install -D -m 644 $$file $(DESTDIR)$(PREFIX)/share/doc/passthrough/$${file#conf/} || exit; \
	done
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/passthrough/schema conf/schema/*
	install -D -m 644 conf/completion/passthroughctl.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/passthroughctl
	install -D -m 644 conf/completion/passthroughctl.zsh $(DESTDIR)$(ZSH_COMPLETIONS)/_passthroughctl
	install -d $(DESTDIR)/etc/passthrough.d
	install -D -m 755 conf/grub/42_passthrough $(DESTDIR)/etc/grub.d/42_passthrough
	install -D -m 755 conf/kernel/91-passthrough.install $(DESTDIR)$(PREFIX)/lib/kernel/install.d/91-passthrough.install

.PHONY: uninstall
uninstall: ## remove what install put there; rules and records stay
	rm -f $(DESTDIR)$(PREFIX)/bin/passthroughctl $(DESTDIR)$(PREFIX)/lib/systemd/system-generators/passthrough-generator
	rm -rf $(DESTDIR)$(PREFIX)/lib/passthrough $(DESTDIR)$(PREFIX)/lib/dracut/modules.d/50passthrough \
		$(DESTDIR)$(PREFIX)/share/doc/passthrough $(DESTDIR)$(PREFIX)/share/passthrough
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/initramfs-tools/,hooks/passthrough $(addprefix scripts/,$(INITRAMFS_SCRIPTS)))
	rm -f $(DESTDIR)/etc/grub.d/42_passthrough $(DESTDIR)$(PREFIX)/lib/kernel/install.d/91-passthrough.install
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/passthroughctl $(DESTDIR)$(ZSH_COMPLETIONS)/_passthroughctl
	rm -f $(DESTDIR)$(PREFIX)/lib/systemd/system/multi-user.target.wants/passthrough-trial.service
	for file in conf/systemd/*; do rm -f $(DESTDIR)$(PREFIX)/lib/systemd/system/$${file##*/} || exit; done
	for page in man/*.[1-8]; do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit; done

# Variables of this make are not those of the package's build.
.PHONY: deb
deb: ## install what is needed, and build build/passthrough_VERSION_ARCH.deb
	@tests/lab/deps build package
	rm -rf $(BUILD)/deb $(BUILD)/passthrough_*.deb
	mkdir -p $(BUILD)/deb/passthrough
	cp -a LICENSE Makefile NEWS.md README.md TESTING.md conf dracut generator man src $(BUILD)/deb/passthrough
	cp -a conf/debian $(BUILD)/deb/passthrough/debian
	cd $(BUILD)/deb/passthrough && env -u MAKEFLAGS -u MFLAGS -u BUILD -u CFLAGS -u LDFLAGS -u DESTDIR -u PREFIX -u V \
		DEB_BUILD_OPTIONS="noautodbgsym $$DEB_BUILD_OPTIONS" dpkg-buildpackage -b -us -uc
	ln -f $(BUILD)/deb/*.deb $(BUILD)

# make writes the list itself: as one command it would be longer than the shell takes.
COMPILED := $(sort $(SOURCES))
comma := ,
define compile_command
$(if $(filter $(1),$(firstword $(COMPILED))),,$(comma)){
"directory": "$(CURDIR)", "file": "$(1)",
"command": "$(CC) $(ALL_CFLAGS) -c -o $(call objects,$(1)) $(1)"}

endef
.PHONY: compile_commands.json
compile_commands.json: ## how each file is compiled, for clangd and other tools that ask
	$(file >$@,[$(foreach source,$(COMPILED),$(call compile_command,$(source)))])@:

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD)

# ---- tests ---------------------------------------------------------------------------------------------------------

# The lab makes roots and runs dracut in them.
LAB := $(if $(filter 0,$(shell id -u)),,sudo )tests/lab

.PHONY: deps
deps:
	@tests/lab/deps

.PHONY: lint
lint: ## formatting, static analysis, shellcheck, what the planner may call, and one version
	@tests/lint/run

.PHONY: sanitized
sanitized:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/sanitized SANITIZE=1 CFLAGS='-O1 -g' all

.PHONY: unit
unit: sanitized ## tests on captured and made-up machines, with ASan and UBSan
	@BUILD=$(BUILD)/sanitized tests/unit/run

.PHONY: coverage
coverage: ## lines that the unit tests and the made-up machines of the guard reach, a figure for each folder
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/coverage SIZE= HARDENING='-fPIE --coverage' CFLAGS='-O0 -g' LDFLAGS=--coverage all
	@BUILD=$(BUILD)/coverage tests/coverage/run

.PHONY: deb-check
deb-check: deb ## what lintian says of the package, and what it would do to a host
	@tests/lab/deps archive
	@tests/package/run

.PHONY: cost
cost: all ## instructions that the generator and plan take, as callgrind counts them
	@tests/cost/run

# Machines for guard-trees; SEED is that of the first.
guard-trees: N := 100000
SEED ?= 1
.PHONY: guard-trees
guard-trees: all ## N=100000 made-up machines against the guard, judged by a closure of the tests' own
	@tests/guard/run $(N) $(SEED)

.PHONY: monotony
monotony: all ## made-up machines of which something cannot be read, for MONOTONY_SECONDS=60: no device is taken for that
	@tests/monotony/run $(MONOTONY_SECONDS) $(MONOTONY_SEED)

.PHONY: boot
boot: all ## the boot tests, two machines at a time
	@$(LAB)/run

.PHONY: check
check: deps ## install what is needed, then lint, unit, cost and boot tests; ends with "N passed, N failed"
	@tests/check

.PHONY: check-full
check-full: deps ## the same, with the boots that take long; RANDOM_BOOTS=30 of random machines, LAB_SEED= repeats them
	@tests/check --full

.PHONY: demo
demo: ## install what is needed and show a hand-over as it happened in a real boot
	@tests/lab/deps build boot
	@$(MAKE) --no-print-directory all
	@$(LAB)/demo

N ?= 50
.PHONY: soak
soak: deps all ## N=50 boots to a verdict in the initrd: no native driver ever probes
	@$(LAB)/soak $(N)

.PHONY: fuzz
fuzz: deps ## fuzz the parsers, FUZZ_SECONDS=600; FUZZ_LINES=N command lines as well
	@tests/fuzz/run

# For tests that build the engine in their own way.
.PHONY: engine-sources
engine-sources:
	@printf '%s\n' $(ENGINE_SOURCES)

.PHONY: bench
bench: deps all ## what it costs, side by side with the alternatives
	@tests/bench/run

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z_.-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 30
