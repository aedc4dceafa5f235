package main

import (
	"regexp"
	"strings"
)

// kind is what a block of a document is.
type kind int

const (
	text kind = iota
	heading
	code
	table
)

// block is a piece of a document: a heading, a paragraph, a table, or a block of code without its fences.
type block struct {
	kind  kind
	line  int // of its first line in lines
	lines []string
	info  string // of code: what stands behind the fence
	marks string // comments right above it
}

func (b block) body() string { return strings.Join(b.lines, "\n") }

// document is a file of Markdown.
type document struct {
	path   string // slashes, from the root of the repository
	blocks []block
}

var (
	fence   = regexp.MustCompile("^[ \t>]*(`{3,}|~{3,})([^`]*)$")
	comment = regexp.MustCompile(`^<!--(.*)-->$`)
)

func parse(path, content string) document {
	d := document{path: path}
	lines := strings.Split(strings.ReplaceAll(content, "\r\n", "\n"), "\n")
	marks, blank := "", true
	add := func(b block) {
		b.marks, marks = marks, ""
		d.blocks = append(d.blocks, b)
	}
	// while takes lines from i on as long as ok says so.
	while := func(i int, k kind, ok func(string) bool) int {
		first := i
		for i < len(lines) && ok(lines[i]) {
			i++
		}
		add(block{kind: k, line: first + 1, lines: lines[first:i]})
		return i
	}
	for i := 0; i < len(lines); {
		line := lines[i]
		opened := fence.FindStringSubmatch(line)
		switch {
		case strings.TrimSpace(line) == "":
			i, blank = i+1, true
			continue
		case comment.MatchString(line):
			marks += comment.FindStringSubmatch(line)[1]
			i++
		case opened != nil:
			first := i + 1
			for i = first; i < len(lines) && !strings.HasPrefix(strings.TrimLeft(lines[i], " \t>"), opened[1]); i++ {
			}
			add(block{kind: code, line: first + 1, lines: lines[first:min(i, len(lines))], info: strings.TrimSpace(opened[2])})
			i++
		case strings.HasPrefix(line, "#"):
			add(block{kind: heading, line: i + 1, lines: lines[i : i+1]})
			i++
		case strings.HasPrefix(line, "|"):
			i = while(i, table, func(s string) bool { return strings.HasPrefix(s, "|") })
		case blank && strings.HasPrefix(line, "    "):
			first := len(d.blocks)
			i = while(i, code, func(s string) bool { return strings.HasPrefix(s, "    ") })
			b := &d.blocks[first]
			b.lines = append([]string(nil), b.lines...)
			for n, s := range b.lines {
				b.lines[n] = s[4:]
			}
		default:
			i = while(i, text, func(s string) bool {
				return strings.TrimSpace(s) != "" && !fence.MatchString(s) && !strings.HasPrefix(s, "#") &&
					!strings.HasPrefix(s, "|") && !comment.MatchString(s)
			})
			if last := &d.blocks[len(d.blocks)-1]; len(last.lines) == 0 {
				last.lines, i = lines[i:i+1], i+1 // what is none of these is a line of text
			}
		}
		blank = false
	}
	return d
}

var spanned = regexp.MustCompile("(?s)``(.+?)``|`([^`]+)`")

// span is what stands between backticks.
type span struct {
	line int
	text string
}

// spans are the pieces of inline code of a block that is none.
func (b block) spans() (all []span) {
	if b.kind == code {
		return nil
	}
	body := b.body()
	for _, at := range spanned.FindAllStringSubmatchIndex(body, -1) {
		from, to := at[2], at[3]
		if from < 0 {
			from, to = at[4], at[5]
		}
		all = append(all, span{
			line: b.line + strings.Count(body[:from], "\n"),
			text: strings.ReplaceAll(strings.TrimSpace(strings.Join(strings.Fields(body[from:to]), " ")), `\|`, "|"),
		})
	}
	return all
}

// prose is the text of a block with its inline code blanked out.
func (b block) prose() string {
	return spanned.ReplaceAllStringFunc(b.body(), func(s string) string {
		return strings.Map(func(r rune) rune {
			if r == '\n' {
				return r
			}
			return ' '
		}, s)
	})
}
