package main

import (
	"regexp"
	"strings"
)

// A figure is a number with a unit of what is measured. Numbers of things, such as 5 servers, are none. What is shown
// is what measures: a command that only starts something makes no figure.
var (
	figure = regexp.MustCompile(`(?i)\d[\d.,]*\s?(?:ns|µs|ms|kB|MB|GB|KiB|MiB|GiB|%|s|seconds?|minutes?|times (?:a|the|one|as|what|there))(?:$|[^\w/])` +
		`|\b0\.\d+ (?:of|/)`)
	shown  = regexp.MustCompile(`^(?:make (?:bench|browser|check|cover|demo|failover|fleet|fuzz|hostile|race|reality|release|soak|test)|go run \./(?:testutil|cmd)/|go test|rpcproxy (?:bench|demo|simulate|ping)|\.ci/run)`)
	within = regexp.MustCompile(`\]\(([^)\s]*)\)`)
)

// figures looks, in a document that has measurements, whether those of each section have the command that makes them
// there, or a link to the place that has it. A block of settings says so.
func (c *checker) figures(d document) {
	sections := d.sections()
	for _, s := range sections {
		if c.hasCommand(s) || c.leadsToCommand(d, s) {
			continue
		}
		for _, b := range s {
			if b.kind == heading || b.kind == code && len(b.commands()) > 0 || strings.Contains(b.marks, "check: settings") {
				continue
			}
			if at := figure.FindStringIndex(b.prose()); at != nil {
				c.breach(d, b.line+strings.Count(b.prose()[:at[0]], "\n"),
					"the figure %q has no command in its section that makes it: show one, link to the section that does, or write <!-- check: settings --> above it if the code sets it",
					strings.TrimSpace(b.prose()[at[0]:at[1]]))
			}
		}
	}
	for _, s := range sections {
		c.nearTables(d, s)
	}
}

// nearTables looks whether each table of figures has a command no more than four blocks away.
func (c *checker) nearTables(d document, section []block) {
	for i, b := range section {
		if b.kind != table || strings.Contains(b.marks, "check: settings") || !figure.MatchString(b.prose()) {
			continue
		}
		near := section[max(0, i-4):min(len(section), i+5)]
		if !c.hasCommand(near) && !c.leadsToCommand(d, near) {
			c.breach(d, b.line, "this table of figures has no command near it: show the one that makes it, at most four blocks away")
		}
	}
}

// sections are the blocks between headings, each heading with what follows.
func (d document) sections() (all [][]block) {
	for _, b := range d.blocks {
		if b.kind == heading || len(all) == 0 {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], b)
	}
	return all
}

func (c *checker) hasCommand(blocks []block) bool {
	for _, b := range blocks {
		for _, cmd := range b.commands() {
			if b.kind == code && shown.MatchString(strings.Join(cmd.argv, " ")) {
				return true
			}
		}
		for _, s := range b.spans() {
			if shown.MatchString(s.text) {
				return true
			}
		}
	}
	return false
}

// leadsToCommand reports whether a link of these blocks leads to a document, or a section of one, that has a command.
func (c *checker) leadsToCommand(d document, blocks []block) bool {
	for _, b := range blocks {
		if b.kind == code {
			continue
		}
		for _, m := range within.FindAllStringSubmatch(b.prose(), -1) {
			file, place, _ := strings.Cut(m[1], "#")
			other := d // without a file the place is in this one
			if file != "" {
				var err error
				if other, err = c.read(joinFrom(d.path, file)); err != nil {
					continue
				}
			}
			if place == "" && c.hasCommand(other.blocks) {
				return true
			}
			for _, s := range other.sections() {
				if s[0].kind == heading && anchor(strings.TrimSpace(strings.TrimLeft(s[0].lines[0], "#"))) == place && c.hasCommand(s) {
					return true
				}
			}
		}
	}
	return false
}
