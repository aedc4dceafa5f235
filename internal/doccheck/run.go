package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// programsIn are the programs of the repository in root, built into bin when they are needed.
type programsIn struct {
	ctx       context.Context
	root, bin string
}

func (p programsIn) path(dir string) string { return filepath.Join(p.bin, filepath.Base(dir)) }

func (p programsIn) build(dir string) error {
	if _, err := os.Stat(p.path(dir)); err == nil {
		return nil
	}
	build := exec.CommandContext(p.ctx, goTool(), "build", "-o", p.path(dir), "./"+dir)
	build.Dir = p.root
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%s cannot be built: %w: %s", dir, err, said)
	}
	return nil
}

func goTool() string {
	if tool := os.Getenv("GO"); tool != "" {
		return tool
	}
	return "go"
}

var (
	subcommand = regexp.MustCompile(`(?m)^  ([a-z][a-z-]*) {2,}\S`)
	helpFlag   = regexp.MustCompile(`(?m)^ +(?:(-[a-zA-Z]), )?(--[a-z][a-z0-9-]*)`)
)

// rpcproxyFlags asks the program, and each of its commands, for help.
func (p programsIn) rpcproxyFlags(of string) (map[string]map[string]bool, error) {
	help, err := exec.CommandContext(p.ctx, p.path("rpcproxy"), append(strings.Fields(of), "--help")...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("rpcproxy %s --help: %w: %s", of, err, help)
	}
	commands, flags, _ := strings.Cut(string(help), "\nFlags:\n")
	_, commands, _ = strings.Cut(commands, "Available Commands:\n")
	all := map[string]map[string]bool{of: {"-h": true, "--help": true}}
	for _, m := range helpFlag.FindAllStringSubmatch(flags, -1) {
		all[of][m[1]], all[of][m[2]] = true, true
	}
	delete(all[of], "")
	for _, m := range subcommand.FindAllStringSubmatch(commands, -1) {
		below, err := p.rpcproxyFlags(strings.TrimSpace(of + " " + m[1]))
		if err != nil {
			return nil, err
		}
		for name, flags := range below {
			all[name] = flags
		}
	}
	return all, nil
}

// listing has a program say which works there are, which it does where none matches.
func (p programsIn) listing(dir, expression string) string {
	if err := p.build(dir); err != nil {
		return err.Error()
	}
	args := map[string][]string{
		"testutil/bench":   {"-only", `^\z`},
		"testutil/hostile": {"-list"},
	}[dir]
	if args == nil {
		return ""
	}
	said, _ := exec.CommandContext(p.ctx, p.path(dir), args...).CombinedOutput()
	return string(said)
}

// works looks whether an expression for the works of a program matches one.
func (c *checker) works(d document, cmd command, dir, expression string) {
	re, err := regexp.Compile(expression)
	if err != nil {
		c.breach(d, cmd.line, "-only %q: %v", expression, err)
		return
	}
	for _, work := range strings.FieldsFunc(c.listing(dir, expression), func(r rune) bool {
		return r == '\n' || dir == "testutil/bench" && r == ' '
	}) {
		if re.MatchString(strings.TrimSpace(work)) {
			return
		}
	}
	c.breach(d, cmd.line, "-only %q matches nothing that %s does", expression, dir)
}

// run runs the commands of a block one after the other, and compares what they print with what the block shows.
func (p programsIn) run(c *checker, d document, b block) {
	dir, err := os.MkdirTemp(p.bin, "run")
	if err != nil {
		c.breach(d, b.line, "%v", err)
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, 2*time.Minute)
	defer cancel()
	if !strings.HasPrefix(strings.TrimSpace(b.body()), "$ ") {
		c.breach(d, b.line, `a block that is run begins with "$ " and a command`)
		return
	}
	for i := 0; i < len(b.lines); {
		line, at := strings.TrimPrefix(strings.TrimSpace(b.lines[i]), "$ "), b.line+i
		first := i + 1
		for i = first; i < len(b.lines) && !strings.HasPrefix(b.lines[i], "$ "); i++ {
		}
		want := b.lines[first:i]
		if file, found := strings.CutPrefix(line, "cat "); found && filepath.IsLocal(file) {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(strings.Join(want, "\n")+"\n"), 0o600); err != nil {
				c.breach(d, at, "%v", err)
			}
			continue
		}
		cmd := exec.CommandContext(ctx, "sh", "-c", line)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+p.bin+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1")
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		err := cmd.Run()
		if why := differs(want, strings.Split(strings.TrimRight(said.String(), "\n"), "\n")); why != "" {
			c.breach(d, at, "%s: %s (%v)", line, why, err)
		}
	}
}

var number = regexp.MustCompile(`[0-9][0-9.,]*`)

// differs returns how an output differs from what a document shows of it; empty if it does not. "..." stands for any lines.
func differs(want, got []string) string {
	loose := func(s string) string {
		return strings.Join(strings.Fields(number.ReplaceAllString(s, "0")), " ")
	}
	skip := false
	for _, w := range want {
		if strings.TrimSpace(w) == "..." {
			skip = true
			continue
		}
		for skip && len(got) > 0 && loose(got[0]) != loose(w) {
			got = got[1:]
		}
		if len(got) == 0 {
			return fmt.Sprintf("the document shows %q, which is not printed", w)
		}
		if loose(got[0]) != loose(w) {
			return fmt.Sprintf("the document shows %q, it prints %q", w, got[0])
		}
		got, skip = got[1:], false
	}
	if len(got) > 0 && !skip && strings.TrimSpace(strings.Join(got, "")) != "" {
		return fmt.Sprintf("it prints %q, which the document does not show", got[0])
	}
	return ""
}
