package sidecarconf

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Names for the path of the file.
const (
	fileFlag     = "config"
	fileVariable = envPrefix + "CONFIG"
)

// Loader loads configurations: the first one, and others when the file has changed.
type Loader struct {
	flags  map[string]*flagValue // by the key of the setting
	file   string                // of the flag
	lookUp func(name string) (string, bool)
	names  func() []string // of the variables there are, as NAME=value
}

// New makes a Loader and adds its flags.
func New(flags *pflag.FlagSet) *Loader {
	l := &Loader{flags: map[string]*flagValue{}, lookUp: os.LookupEnv, names: os.Environ}
	flags.StringVar(&l.file, fileFlag, "", "file with the configuration; flags and variables count before it ("+fileVariable+")")
	for i := range settings {
		s := &settings[i]
		value := &flagValue{of: s}
		l.flags[s.key] = value
		flag := flags.VarPF(value, s.flag, "", s.usage+" ("+s.variable()+")")
		if value.Type() == "bool" {
			flag.NoOptDefVal = "true"
			if flag.DefValue == "false" {
				flag.DefValue = ""
			}
		}
	}
	return l
}

// Load reads everything that was given and checks it. The warnings are for the log. It waits
// for no file longer than 5 s. The error is Errors.
func (l *Loader) Load(ctx context.Context) (c *Config, warnings []string, err error) {
	c = defaults()
	c.File = l.file
	if c.File == "" {
		c.File, _ = l.lookUp(fileVariable)
	}
	inFile := map[string]given{}
	var errs Errors
	if c.File != "" {
		inFile, warnings, errs = readFile(ctx, c.File)
	}
	c.given = map[string]given{}
	for i := range settings {
		s := &settings[i]
		g, found := l.given(s, inFile)
		if !found {
			continue
		}
		c.given[s.key] = g
		if err := g.read(s.field(c)); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		errs = c.check()
	}
	if len(errs) > 0 {
		slices.SortStableFunc(errs, func(a, b *Error) int { return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
		return nil, nil, errs
	}
	return c, append(warnings, l.strangers()...), nil
}

// given is what was given for a setting: by its flag, else its variable, else in the file.
func (l *Loader) given(s *setting, inFile map[string]given) (given, bool) {
	list := isList(s.field(defaults()))
	if texts := l.flags[s.key].texts; texts != nil {
		g := given{name: "--" + s.flag, values: texts[len(texts)-1:]}
		if list {
			g.values = nil
			for _, text := range texts {
				g.values = append(g.values, split(text)...)
			}
		}
		return g, true
	}
	if text, found := l.lookUp(s.variable()); found && text != "" {
		g := given{name: s.variable(), values: []string{text}}
		if list {
			g.values = split(text)
		}
		return g, true
	}
	g, found := inFile[s.key]
	return g, found
}

// strangers warns of variables that look like settings and are none.
func (l *Loader) strangers() (warnings []string) {
	known := []string{fileVariable}
	for i := range settings {
		known = append(known, settings[i].variable())
	}
	for _, each := range l.names() {
		name, _, _ := strings.Cut(each, "=")
		if !strings.HasPrefix(name, envPrefix) || slices.Contains(known, name) {
			continue
		}
		if best := closest(name, known); best != "" { // others are somebody else's, such as RPCPROXY_SERVICE_HOST
			warnings = append(warnings, fmt.Sprintf("the variable %s means nothing: did you mean %s?", printable.Name(name), best))
		}
	}
	slices.Sort(warnings)
	return warnings
}

// bad is an error about a setting, wherever it was given; as its key if it was not.
func (c *Config) bad(key, reason, advice string, cause error) *Error {
	g := c.given[key]
	g.name = cmp.Or(g.name, key)
	return g.bad(reason, advice, cause)
}
