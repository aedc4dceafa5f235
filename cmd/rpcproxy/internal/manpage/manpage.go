package manpage

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// Edition is what a page says of itself at its edges.
type Edition struct{ Date, Version string }

// Name is that of a command's page, without its section: the words of the command with dashes between.
func Name(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// Of is the page of a command, for section 1. It changes nothing but that the command has a flag --help.
func Of(cmd *cobra.Command, e Edition) string {
	cmd.InitDefaultHelpFlag()
	p := &page{}
	p.line(`.\" Made from the texts of the program; edit those.`)
	p.line(fmt.Sprintf(".TH %s 1 %s %s %s", quoted(strings.ToUpper(Name(cmd))), quoted(e.Date), quoted("rpcproxy "+e.Version), quoted("User Commands")))
	p.section("NAME")
	p.line(escaped(Name(cmd)) + ` \- ` + escaped(cmd.Short))
	p.section("SYNOPSIS")
	p.line(`\fB` + escaped(strings.TrimSuffix(cmd.UseLine(), " [flags]")) + `\fR`)
	if cmd.HasAvailableSubCommands() {
		p.line(`\fICOMMAND\fR`)
	}
	if cmd.HasAvailableFlags() {
		p.line(`[\fIflags\fR]`)
	}
	p.section("DESCRIPTION")
	long, status := apart(cmp.Or(cmd.Long, cmd.Short))
	p.prose(long)
	p.commands(cmd)
	p.flags("OPTIONS", cmd.LocalFlags().FlagUsages())
	if cmd.HasParent() {
		p.flags("OPTIONS OF ALL COMMANDS", cmd.InheritedFlags().FlagUsages())
	}
	if cmd.Example != "" {
		p.section("EXAMPLES")
		p.verbatim(strings.Split(cmd.Example, "\n"))
	}
	if status != "" {
		p.section("EXIT STATUS")
		p.prose(status)
	}
	p.others(cmd)
	return p.String()
}

// page is a page in the making.
type page struct{ strings.Builder }

func (p *page) line(text string) {
	p.WriteString(text)
	p.WriteByte('\n')
}

func (p *page) section(title string) { p.line(".SH " + quoted(title)) }

// prose writes paragraphs. Lines that are indented stay as they are.
func (p *page) prose(text string) {
	for i, paragraph := range strings.Split(strings.Trim(text, "\n"), "\n\n") {
		if i > 0 {
			p.line(".PP")
		}
		var kept []string
		for line := range strings.SplitSeq(paragraph, "\n") {
			if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
				kept = append(kept, line)
				continue
			}
			p.verbatim(kept)
			kept = nil
			p.line(escaped(line))
		}
		p.verbatim(kept)
	}
}

// verbatim writes lines that are not filled.
func (p *page) verbatim(lines []string) {
	if len(lines) == 0 {
		return
	}
	p.line(".nf")
	for _, line := range lines {
		p.line(escaped(line))
	}
	p.line(".fi")
}

func (p *page) commands(cmd *cobra.Command) {
	if !cmd.HasAvailableSubCommands() {
		return
	}
	p.section("COMMANDS")
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			p.line(".TP")
			p.line(`\fB` + escaped(sub.Name()) + `\fR`)
			p.line(escaped(sub.Short))
		}
	}
}

// flagLine is one flag as --help lists it: its names and kind, and what it is for.
var flagLine = regexp.MustCompile(`^ +((?:-\w, )?--[\w-]+)( \S+)? {2,}(.*)$`)

// flags writes what --help lists.
func (p *page) flags(title, usages string) {
	if usages == "" {
		return
	}
	p.section(title)
	for line := range strings.SplitSeq(strings.TrimSuffix(usages, "\n"), "\n") {
		m := flagLine.FindStringSubmatch(line)
		if m == nil { // more about the one before
			p.line(escaped(strings.TrimSpace(line)))
			continue
		}
		p.line(".TP")
		kind := strings.TrimSpace(m[2])
		if kind != "" {
			kind = ` \fI` + escaped(kind) + `\fR`
		}
		p.line(`\fB` + escaped(m[1]) + `\fR` + kind)
		p.line(escaped(m[3]))
	}
}

// others names the pages of the command above and those below.
func (p *page) others(cmd *cobra.Command) {
	var names []string
	if cmd.HasParent() {
		names = append(names, Name(cmd.Parent()))
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			names = append(names, Name(sub))
		}
	}
	if len(names) == 0 {
		return
	}
	p.section("SEE ALSO")
	for i, name := range names {
		end := ","
		if i == len(names)-1 {
			end = ""
		}
		p.line(".BR " + escaped(name) + " (1)" + end)
	}
}

// apart takes the paragraph about the exit status out of a text.
func apart(text string) (rest, status string) {
	var kept []string
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if about, ok := strings.CutPrefix(paragraph, "Exit status: "); ok {
			status = about
		} else {
			kept = append(kept, paragraph)
		}
	}
	return strings.Join(kept, "\n\n"), status
}

var special = strings.NewReplacer(`\`, `\e`, `-`, `\-`)

// escaped is text that the formatter prints as it is, on one line.
func escaped(text string) string {
	text = special.Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

// quoted is one argument of a request.
func quoted(text string) string { return `"` + strings.ReplaceAll(escaped(text), `"`, `\(dq`) + `"` }
