package script

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// SyntaxError is a place in a scenario that is wrong, and what to write instead.
type SyntaxError struct {
	File   string
	Line   int    // from 1; 0: the file as a whole
	Word   string // the word that is wrong, as it stands there; empty: one is missing
	Reason string // why
	Advice string // what to write instead
}

// maxWord is how much of a word an error shows, in bytes.
const maxWord = 60

// Error has the form FILE:LINE: "WORD": REASON; ADVICE. It is one printable line.
func (e *SyntaxError) Error() string {
	var b strings.Builder
	b.WriteString(printable.Name(e.File))
	if e.Line > 0 {
		b.WriteString(":" + strconv.Itoa(e.Line))
	}
	if e.Word != "" {
		b.WriteString(": " + printable.Quote(e.Word, maxWord))
	}
	for i, part := range []string{e.Reason, e.Advice} {
		if part != "" {
			b.WriteString([]string{": ", "; "}[i] + printable.Text(part))
		}
	}
	return b.String()
}

// nearest is advice to write the one of known that is most like word, or one of all.
func nearest(word string, known []string) string {
	if best := Closest(word, known); best != "" {
		return "write " + best
	}
	return "write " + choice(known)
}

// meant are words of other languages, and what they are here.
var meant = map[string]string{
	"==": "=", "=<": "<=", "=>": ">=", "nodes": "clients", "agents": "clients", "stop": "kill", "crash": "kill", "boot": "start",
	"pause": "freeze", "unfreeze": "thaw", "resume": "thaw", "partition": "cut", "uncut": "heal", "restart": "roll", "rolling": "roll",
	"duration": "for", "assert": "expect", "add": "join", "remove": "leave", "consul": "discovery",
}

// Closest is the one of known that is most like word; empty if none is like it.
func Closest(word string, known []string) string {
	if len(word) > maxWord {
		return ""
	}
	word = strings.ToLower(word)
	if m := meant[word]; slices.Contains(known, m) {
		return m
	}
	best, least := "", 2 // fewer characters than these differ
	if len(word) > 4 {
		least = 3
	}
	if slices.Contains(known, word) {
		return word
	}
	for _, k := range known {
		if d := levenshtein.Distance(word, k, nil); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return best
	}
	// A word that was cut short, or has something behind it.
	begins := slices.DeleteFunc(slices.Clone(known), func(k string) bool {
		return len(word) < 3 || !strings.HasPrefix(k, word) && !strings.HasPrefix(word, k)
	})
	if len(begins) == 0 {
		return ""
	}
	return slices.MaxFunc(begins, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
}
