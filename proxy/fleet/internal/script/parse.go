package script

import (
	"regexp"
	"slices"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Script is the text of a scenario, read and found to be right.
type Script struct {
	File  string
	About string // the first comment, without its marks
	Lines []Line

	figures []Figure // that expectations may be about
}

// Line is a statement where it stands.
type Line struct {
	Number int
	Form   Form
	Statement
}

// Form is in which forms of the scenario a line counts.
type Form uint8

// The forms.
const (
	Both  Form = iota
	Short      // only in the short form, in place of a line of the same kind that is in both
	Long       // only in the long form
)

var forms = [...]string{Short: "short ", Long: "long "}

// commas are the commas of lists, with the blanks around them.
var commas = regexp.MustCompile(`\s*,\s*`)

// Parse reads a scenario, whose expectations are about figures, at least one. file is the name
// that errors give. Every error is a *SyntaxError. It needs no more memory than a few times the text, of which there may be
// MaxBytes.
func Parse(file string, text []byte, figures []Figure) (*Script, error) {
	s, err := read(file, text, figures)
	if err != nil {
		return nil, err
	}
	for _, short := range []bool{false, true} {
		if _, err := s.Plan(short); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// read reads a scenario whose lines may contradict each other.
func read(file string, text []byte, figures []Figure) (*Script, error) {
	s := &Script{File: file, figures: figures}
	if len(text) > MaxBytes {
		return nil, &SyntaxError{File: file, Reason: "the file is too large", Advice: "it may have 1 MiB"}
	}
	var about []string
	first := true // no line but blank ones, and those of the first comment, came so far
	for i, line := range strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n") {
		code, comment, hasComment := strings.Cut(line, "#")
		code = commas.ReplaceAllString(strings.TrimSpace(code), ",")
		switch {
		case code == "" && hasComment && first:
			about = append(about, printable.Text(strings.TrimSpace(comment)))
			continue
		case code == "":
			first = first && len(about) == 0
			continue
		}
		first = false
		if len(s.Lines) == MaxStatements {
			return nil, &SyntaxError{File: file, Line: i + 1, Reason: "there are too many statements", Advice: "a scenario may have 10,000"}
		}
		w := &words{file: file, line: i + 1, figures: figures, left: strings.Fields(code)}
		l := Line{Number: i + 1}
		if form := w.maybe("short", "long"); form != "" {
			l.Form = Form(slices.Index(forms[:], form+" "))
		}
		l.Statement = w.statement()
		w.end()
		if w.err != nil {
			return nil, w.err
		}
		s.Lines = append(s.Lines, l)
	}
	s.About = strings.Trim(strings.Join(about, "\n"), "\n")
	return s, nil
}

// With is the scenario in one of its forms, with other statements in place of its own of the
// same kind: of the statements that there can be one of, the other one counts; of the
// others, such as events, all are replaced if there is one. The error is a *SyntaxError.
func (s *Script) With(text string, short bool) (*Script, error) {
	over, err := read("given", []byte(text), s.figures)
	if err != nil {
		return nil, err
	}
	lines, err := s.form(short)
	if err != nil {
		return nil, err
	}
	replaced := map[string]bool{}
	for _, l := range over.Lines {
		replaced[l.keyword()] = true
	}
	changed := &Script{File: s.File, About: s.About, figures: s.figures}
	for _, l := range lines {
		if l.Form = Both; !replaced[l.keyword()] {
			changed.Lines = append(changed.Lines, l)
		}
	}
	changed.Lines = append(changed.Lines, over.Lines...)
	_, err = changed.Plan(short)
	return changed, err
}

// String is the canonical text: it parses to the same scenario.
func (s *Script) String() string {
	var b strings.Builder
	if s.About != "" {
		for line := range strings.SplitSeq(s.About, "\n") {
			b.WriteString(strings.TrimSpace("# "+line) + "\n")
		}
		b.WriteString("\n")
	}
	for _, l := range s.Lines {
		b.WriteString(l.Text() + "\n")
	}
	return b.String()
}

// Text is the line in its canonical form.
func (l Line) Text() string { return forms[l.Form] + l.Statement.String() }

// keyword is the first word of the statement.
func (l Line) keyword() string {
	word, _, _ := strings.Cut(l.Statement.String(), " ")
	return word
}

// fail is an error about the line.
func (s *Script) fail(l Line, word, reason, advice string) error {
	return &SyntaxError{File: s.File, Line: l.Number, Word: word, Reason: reason, Advice: advice}
}
