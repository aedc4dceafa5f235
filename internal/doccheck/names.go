package main

import (
	"regexp"
	"strings"
)

var (
	environment = regexp.MustCompile(`\b(?:RPCPROXY|NOMAD|CONSUL)_[A-Z][A-Z0-9_]*\b`)
	setting     = regexp.MustCompile(`^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$`)
	flagged     = regexp.MustCompile(`^--?[a-z][a-z0-9-]*(?:[= ].*)?$`)
	testName    = regexp.MustCompile(`^(?:Test|Benchmark|Fuzz|Example)[A-Z]\w+$`)
	selected    = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9]*)\.([A-Z][A-Za-z0-9]*)(?:\.([A-Z][A-Za-z0-9]*))?(?:$|[({ ])`)
)

// others are names of other programs: Nomad, Consul, curl, the kernel.
var others = map[string]bool{}

func init() {
	for _, name := range strings.Fields(`client_auto_join server_join heartbeat_grace rpc_max_conns_per_client tcp_diag
		verify_server_hostname raft_protocol min_heartbeat_ttl max_heartbeats_per_second failover_heartbeat_ttl
		retry_join start_join rpc_handshake_timeout node_id node_class data_dir allow_stale x86_64 max_stale
		-update-servers --unix-socket -race -run -bench -tags -trimpath -fuzz -count -v -C -m -o
		--network --rm --verify --pid -ldflags -C -s -w --now`) {
		others[name] = true
	}
}

// names looks whether the flags, variables, settings, tests and parts of the API that the text of a document names are
// there.
func (c *checker) names(d document) {
	every := map[string]bool{}
	for _, flags := range c.known.flags {
		for flag := range flags {
			every[flag] = true
		}
	}
	for dir := range c.known.sources {
		if strings.HasPrefix(dir, "testutil/") || strings.HasPrefix(dir, "examples/") || strings.HasPrefix(dir, "internal/") {
			for flag := range c.known.programFlags(dir) {
				every["-"+flag], every["--"+flag] = true, true
			}
		}
	}
	for _, b := range d.blocks {
		if strings.Contains(b.marks, "check: elsewhere") {
			continue
		}
		for _, at := range environment.FindAllStringIndex(b.body(), -1) {
			if name := b.body()[at[0]:at[1]]; !c.known.words[name] && !strings.HasSuffix(name, "_") {
				c.breach(d, b.line+strings.Count(b.body()[:at[0]], "\n"), "nothing reads the variable %s", name)
			}
		}
		for _, s := range b.spans() {
			name := strings.Fields(strings.ReplaceAll(s.text, "=", " ") + " .")[0]
			switch {
			case others[name]:
			case flagged.MatchString(s.text) && !every[name]:
				c.breach(d, s.line, "no program here has a flag %s", name)
			case setting.MatchString(name) && !c.known.words[strings.TrimPrefix(name, "rpcproxy_")] && !c.known.endsSo(name):
				c.breach(d, s.line, "nothing here is called %s", name)
			case testName.MatchString(s.text) && !c.known.tests[s.text]:
				c.breach(d, s.line, "there is no test %s", s.text)
			default:
				c.selected(d, s)
			}
		}
	}
}

// endsSo reports whether a longer word ends with this one: metrics are named without what all of them begin with.
func (k *known) endsSo(name string) bool {
	for w := range k.words {
		if strings.HasSuffix(w, "_"+strings.TrimPrefix(name, "rpcproxy_")) {
			return true
		}
	}
	return false
}

// selected looks at a name of the form package.Name, Type.Name or package.Type.Name.
func (c *checker) selected(d document, s span) {
	m := selected.FindStringSubmatch(s.text)
	if len(m) == 0 || c.known.exported[m[1]] == nil || c.known.literals[m[1]+"."+m[2]] {
		return
	}
	missing := func(of, name string) bool {
		return name != "" && c.known.exported[of] != nil && !c.known.exported[of][name] && !c.known.exported[of]["Embedded"]
	}
	switch {
	case missing(m[1], m[2]):
		c.breach(d, s.line, "%s has no %s", m[1], m[2])
	case missing(m[1]+"."+m[2], m[3]):
		c.breach(d, s.line, "%s.%s has no %s", m[1], m[2], m[3])
	}
}
