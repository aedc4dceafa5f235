package main

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// programs are those that documents may show; a function looks at the arguments of one that is the project's matter.
var programs = map[string]func(*checker, document, command){}

func init() {
	for _, name := range strings.Fields(`apt apt-get awk cat cd chmod chown cosign curl cp diff docker dpkg dnf echo exit export
		fg fuser getent git gh gpg grep head htop install ip jq journalctl kill ls mkdir modprobe mount mv nomad openssl podman
		ps promtool rm rpm sed sha256sum sort ss ssh sudo systemctl systemd-analyze systemd-socket-activate tail tar tcpdump
		tee test touch unzip useradd usermod vi watch wc wget which nft iptables consul grafana-cli groupadd man source .`) {
		programs[name] = func(*checker, document, command) {}
	}
	programs["make"] = (*checker).makes
	programs["go"] = (*checker).goes
	programs["rpcproxy"] = (*checker).rpcproxies
}

// commands looks at each command that a document shows, in blocks and in its text.
func (c *checker) commands(d document) {
	for _, b := range d.blocks {
		if strings.Contains(b.marks, "check: elsewhere") {
			continue
		}
		if b.kind == code {
			for _, cmd := range b.commands() {
				look := programs[path.Base(cmd.argv[0])]
				if look == nil {
					c.breach(d, cmd.line, "the command %q is not known: correct it, or list it in internal/doccheck/commands.go", cmd.argv[0])
					continue
				}
				look(c, d, cmd)
			}
			continue
		}
		for _, s := range b.spans() {
			name, _, more := strings.Cut(s.text, " ")
			if look := programs[name]; more && (name == "make" || name == "rpcproxy" || strings.HasPrefix(s.text, "go run ") || strings.HasPrefix(s.text, "go test ")) {
				for _, argv := range split(s.text)[:1] {
					look(c, d, command{line: s.line, argv: argv})
				}
			}
		}
	}
}

// makes looks for the targets and the variables of a call of make.
func (c *checker) makes(d document, cmd command) {
	for i, arg := range cmd.argv[1:] {
		name, _, assigns := strings.Cut(arg, "=")
		switch {
		case strings.HasPrefix(arg, "-"), i > 0 && cmd.argv[i] == "-C":
		case assigns && !c.known.variables[name]:
			c.breach(d, cmd.line, "the Makefile has no variable %s", name)
		case !assigns && !c.known.targets[arg]:
			c.breach(d, cmd.line, "the Makefile has no target %s", arg)
		}
	}
}

// rpcproxies looks for the command and the flags of a call of the program.
func (c *checker) rpcproxies(d document, cmd command) {
	name, rest := "", cmd.argv[1:]
	for len(rest) > 0 {
		longer := strings.TrimSpace(name + " " + rest[0])
		if c.known.flags[longer] == nil {
			break
		}
		name, rest = longer, rest[1:]
	}
	if name == "" && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		if rest[0] != "..." && rest[0] != "COMMAND" {
			c.breach(d, cmd.line, "rpcproxy has no command %s", rest[0])
		}
		return
	}
	for _, arg := range rest {
		flag, _, _ := strings.Cut(arg, "=")
		if strings.HasPrefix(flag, "-") && flag != "-" && flag != "--" && !c.known.flags[name][flag] {
			c.breach(d, cmd.line, "rpcproxy %s has no flag %s", name, flag)
		}
	}
}

// module is the path of the project's module.
const module = "github.com/open-nomad/rpcproxy"

// goes looks for the packages, flags and expressions of a call of go.
func (c *checker) goes(d document, cmd command) {
	args := cmd.argv[1:]
	verb, at := "", "."
	for i := 0; i < len(args); i++ {
		arg := args[i]
		value := func() string {
			if i++; i < len(args) {
				return args[i]
			}
			return ""
		}
		switch {
		case arg == "-C":
			at = value()
		case verb == "":
			verb = arg
		case arg == "-run" || arg == "-bench" || arg == "-fuzz":
			c.matches(d, cmd, strings.Trim(arg, "-"), value())
		case strings.HasPrefix(arg, "./"):
			dir := strings.TrimSuffix(strings.TrimSuffix(path.Join(at, arg), "..."), "/")
			if !c.isPackage(dir, strings.HasSuffix(arg, "...")) {
				c.breach(d, cmd.line, "there is no package %s", arg)
			} else if verb == "run" {
				c.programFlags(d, cmd, dir, args[i+1:])
				return
			}
		case strings.HasPrefix(arg, module):
			arg, _, _ = strings.Cut(arg, "@")
			dir := strings.TrimPrefix(strings.TrimPrefix(arg, module), "/")
			if dir != "" && !c.isPackage(strings.TrimSuffix(dir, "/..."), strings.HasSuffix(arg, "...")) {
				c.breach(d, cmd.line, "there is no package %s", arg)
			}
		}
	}
}

// isPackage reports whether a directory holds Go, or one below it where any will do.
func (c *checker) isPackage(dir string, below bool) bool {
	found := false
	_ = fs.WalkDir(c.tree, path.Clean(dir), func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil || found:
			return fs.SkipAll
		case e.IsDir() && name != path.Clean(dir) && !below:
			return fs.SkipDir
		case strings.HasSuffix(name, ".go"):
			found = true
		}
		return nil
	})
	return found
}

// matches looks whether an expression finds a test, a benchmark or a fuzz target.
func (c *checker) matches(d document, cmd command, flag, expression string) {
	re, err := regexp.Compile(strings.Split(expression, "/")[0])
	if err != nil {
		c.breach(d, cmd.line, "-%s %q: %v", flag, expression, err)
		return
	}
	if expression == "^$" || expression == "." {
		return
	}
	prefixes := map[string][]string{"run": {"Test", "Example", "Fuzz"}, "bench": {"Benchmark"}, "fuzz": {"Fuzz"}}[flag]
	for name := range c.known.tests {
		if re.MatchString(name) && slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			return
		}
	}
	c.breach(d, cmd.line, "-%s %q matches nothing", flag, expression)
}

// programFlags looks at the flags of a program of the project that go run starts.
func (c *checker) programFlags(d document, cmd command, dir string, args []string) {
	if dir == "cmd/rpcproxy" {
		c.rpcproxies(d, command{line: cmd.line, argv: append([]string{"rpcproxy"}, args...)})
		return
	}
	known := c.known.programFlags(dir)
	for i, arg := range args {
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			continue
		}
		flag, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !known[flag] {
			c.breach(d, cmd.line, "%s has no flag -%s", dir, flag)
		}
		if flag == "only" && i+1 < len(args) {
			c.works(d, cmd, dir, args[i+1])
		}
	}
}
