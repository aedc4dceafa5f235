package main

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
)

var (
	linked     = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)`)
	defined    = regexp.MustCompile(`(?m)^\[[^\]]+\]:\s*(\S+)`)
	attribute  = regexp.MustCompile(`(?:href|src|srcset)="([^"\s]+)`)
	autolink   = regexp.MustCompile(`<((?:https?|mailto|ftp):[^>\s]*)>`)
	namedPlace = regexp.MustCompile(`<a (?:name|id)="([^"]+)">`)
	markup     = regexp.MustCompile("`|\\*\\*|!?\\[([^\\]]*)\\]\\([^)]*\\)")
)

// hosts may be linked to.
var hosts = map[string]bool{
	"github.com": true, "pkg.go.dev": true, "go.dev": true, "developer.hashicorp.com": true, "prometheus.io": true,
	"grafana.com": true, "opentelemetry.io": true, "semver.org": true, "keepachangelog.com": true, "slsa.dev": true,
	"www.rfc-editor.org": true, "www.freedesktop.org": true, "www.mozilla.org": true, "cyclonedx.org": true,
	"goreleaser.com": true, "spdx.org": true, "reproducible-builds.org": true, "discuss.hashicorp.com": true,
}

const project = "/open-nomad/rpcproxy"

// anchors are the places of a document that a link may name: those that GitHub makes of headings, and its own.
func (d document) anchors() map[string]bool {
	all, seen := map[string]bool{}, map[string]int{}
	for _, b := range d.blocks {
		if b.kind != code {
			for _, m := range namedPlace.FindAllStringSubmatch(b.body(), -1) {
				all[m[1]] = true
			}
		}
		if b.kind != heading {
			continue
		}
		slug := anchor(strings.TrimSpace(strings.TrimLeft(b.lines[0], "#")))
		if n := seen[slug]; n > 0 {
			all[fmt.Sprintf("%s-%d", slug, n)] = true
		}
		seen[slug]++
		all[slug] = true
	}
	return all
}

// anchor is what GitHub makes of the text of a heading: lower case, hyphens for spaces, and of all else only letters,
// digits, hyphens and underscores.
func anchor(title string) string {
	title = markup.ReplaceAllString(title, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

// links looks where each link of a document leads.
func (c *checker) links(d document) {
	for _, b := range d.blocks {
		if b.kind == code {
			continue
		}
		body := b.prose()
		for _, form := range []*regexp.Regexp{linked, defined, attribute, autolink} {
			for _, at := range form.FindAllStringSubmatchIndex(body, -1) {
				target := body[at[2]:at[3]]
				if why := c.leads(d, target); why != "" {
					c.breach(d, b.line+strings.Count(body[:at[2]], "\n"), "the link to %q %s", target, why)
				}
			}
		}
	}
}

// leads returns why a link of d leads nowhere, or where no link should; empty if it is good.
func (c *checker) leads(d document, target string) string {
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return "is no link: " + err.Error()
	case u.Scheme != "" || u.Host != "":
		return c.outward(u)
	case strings.HasPrefix(target, "/"):
		return "begins at a root that readers do not share; name it from the directory of this file"
	}
	at := d.path
	if u.Path != "" {
		at = path.Join(path.Dir(d.path), u.Path)
		if _, err := fs.Stat(c.tree, at); err != nil {
			return "leads to no file: there is no " + at
		}
	}
	if u.Fragment == "" {
		return ""
	}
	if path.Ext(at) != ".md" {
		return "names a place in what is no document"
	}
	other := d
	if at != d.path {
		if other, err = c.read(at); err != nil {
			return "cannot be followed: " + err.Error()
		}
	}
	if !other.anchors()[u.Fragment] {
		return "names a place that is not there: no heading of " + at + " makes #" + u.Fragment
	}
	return ""
}

// outward looks at the form of a link that leaves the repository, and at the file if it comes back to it.
func (c *checker) outward(u *url.URL) string {
	switch {
	case u.Scheme != "https":
		return "is no https"
	case u.User != nil, u.Port() != "":
		return "has a user or a port"
	case !hosts[u.Host]:
		return "leads to a host that is not listed in internal/doccheck/links.go"
	}
	rest, ours := strings.CutPrefix(u.Path, project+"/blob/main/")
	if !ours {
		rest, ours = strings.CutPrefix(u.Path, project+"/tree/main/")
	}
	if ours && u.Host == "github.com" {
		if _, err := fs.Stat(c.tree, rest); err != nil {
			return "leads to no file: there is no " + rest
		}
	}
	return ""
}
