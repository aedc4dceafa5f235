package main

import "strings"

// command is one command of a line: its words, without variables in front, redirections and what only starts another one.
type command struct {
	line int
	argv []string
}

// commands are the commands that a block of code shows: of lines that begin with "$ ", or of all of a script.
func (b block) commands() (all []command) {
	script := b.isScript()
	for i := 0; i < len(b.lines); i++ {
		line, shown := strings.CutPrefix(strings.TrimLeft(b.lines[i], " "), "$ ")
		if !shown && !script {
			continue
		}
		at := i
		for strings.HasSuffix(line, `\`) && i+1 < len(b.lines) {
			i++
			line = strings.TrimSuffix(line, `\`) + b.lines[i]
		}
		if _, end, found := strings.Cut(line, "<<"); found { // a document follows, up to its end
			end = strings.Trim(strings.Fields(end + " .")[0], `-'"`)
			for i+1 < len(b.lines) && strings.TrimSpace(b.lines[i+1]) != end {
				i++
			}
			i++
		}
		for _, argv := range split(line) {
			all = append(all, command{line: b.line + at, argv: argv})
		}
	}
	return all
}

// isScript reports whether each line of a block is a command.
func (b block) isScript() bool {
	switch strings.Fields(b.info + " .")[0] {
	case "sh", "bash", "shell":
		return true
	case ".":
		words := strings.Fields(b.body() + " .")
		return words[0] != "$" && len(words) > 1 && programs[words[0]] != nil && !strings.Contains(b.body(), "\n$ ")
	}
	return false
}

// joined leaves out what joins outputs, which says nothing about commands.
var joined = strings.NewReplacer("2>&1", "", ">&2", "", "&>", ">")

// split takes a line apart into commands and their words. Quotes hold words together; a comment is left out.
func split(line string) (all [][]string) {
	var argv []string
	var word strings.Builder
	in, quote, skip := false, rune(0), false
	endWord := func() {
		switch {
		case !in:
		case skip:
			skip = false // where output goes
		default:
			argv = append(argv, word.String())
		}
		word.Reset()
		in = false
	}
	endCommand := func() {
		endWord()
		if argv = unwrap(argv); len(argv) > 0 {
			all = append(all, argv)
		}
		argv = nil
	}
loop:
	for _, r := range joined.Replace(line) {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			} else {
				word.WriteRune(r)
			}
		case r == '\'' || r == '"':
			quote, in = r, true
		case r == '#' && !in:
			break loop
		case r == '|' || r == ';' || r == '&':
			endCommand()
		case r == '>' || r == '<':
			if s := word.String(); s == "1" || s == "2" {
				word.Reset()
				in = false
			}
			endWord()
			skip = true
		case r == ' ' || r == '\t':
			endWord()
		default:
			word.WriteRune(r)
			in = true
		}
	}
	endCommand()
	return all
}

// unwrap leaves out variables in front of a command, and what starts another one.
func unwrap(argv []string) []string {
	for len(argv) > 0 {
		name, _, assigned := strings.Cut(argv[0], "=")
		switch {
		case assigned && name == strings.ToUpper(name):
			argv = argv[1:]
		case argv[0] == "sudo", argv[0] == "time", argv[0] == "exec", argv[0] == "env":
			argv = argv[1:]
		case argv[0] == "runuser":
			rest := argv
			for len(rest) > 0 && rest[0] != "--" {
				rest = rest[1:]
			}
			argv = rest[min(1, len(rest)):]
		default:
			return argv
		}
	}
	return nil
}
