package script

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// words reads the words of one line. Its first error stays; what is read after it has
// no meaning.
type words struct {
	file    string
	line    int
	figures []Figure // that expectations may be about
	last    string   // the word before
	left    []string
	err     *SyntaxError
}

// fail notes the first error.
func (w *words) fail(word, reason, advice string) {
	if w.err == nil {
		w.err = &SyntaxError{File: w.file, Line: w.line, Word: word, Reason: reason, Advice: advice}
	}
}

// next is the next word. want is what it should be, as advice says it.
func (w *words) next(want string) string {
	if len(w.left) == 0 {
		w.fail(w.last, "something is missing behind it", "write "+want)
		return ""
	}
	w.last, w.left = w.left[0], w.left[1:]
	return w.last
}

// has reports whether another word follows, and nothing was wrong before.
func (w *words) has() bool { return w.err == nil && len(w.left) > 0 }

// one is the next word, which is one of known.
func (w *words) one(known ...string) string {
	word := w.next(choice(known))
	if !slices.Contains(known, word) {
		w.fail(word, "not known here", nearest(word, known))
	}
	return word
}

// maybe is the next word if it is one of known, else it stays and the result is empty.
func (w *words) maybe(known ...string) string {
	if w.has() && slices.Contains(known, w.left[0]) {
		return w.next("")
	}
	return ""
}

// end checks that the line has no more words. known are those that could follow.
func (w *words) end(known ...string) {
	if !w.has() {
		return
	}
	if len(known) > 0 {
		w.fail(w.left[0], "not known here", nearest(w.left[0], known))
	}
	w.fail(w.left[0], "the line should end before it", "leave it out")
}

// options reads what may follow, each once and in any order, to the end of the line.
// known is the order in which advice names them.
func (w *words) options(read map[string]func(), known ...string) {
	for w.has() {
		if len(known) == 0 {
			w.end()
			return
		}
		word := w.one(known...)
		known = slices.DeleteFunc(slices.Clone(known), func(k string) bool { return k == word })
		if do := read[word]; do != nil {
			do()
		}
	}
}

// choice is some words as advice.
func choice(known []string) string {
	if len(known) == 1 {
		return known[0]
	}
	return "one of " + strings.Join(known, ", ")
}

// count is a whole number from least to most.
func (w *words) count(of string, least, most int) int {
	want := fmt.Sprintf("how many %s: %d to %s", of, least, thousands(most))
	word := w.next(want)
	n, ok := count(word)
	switch {
	case !ok:
		w.fail(word, "not a whole number", "write "+want+", such as 10, 10,000 or 100k")
	case n < least || n > most:
		w.fail(word, "out of range", "write "+want)
	}
	return n
}

// rate is a number a second.
func (w *words) rate(of string, most int) int {
	want := "a rate, such as 1000/s"
	word := w.next(want)
	digits, isRate := strings.CutSuffix(word, "/s")
	n, ok := count(digits)
	switch {
	case !isRate && ok:
		w.fail(word, "a rate has a unit", "write "+word+"/s")
	case !isRate || !ok:
		w.fail(word, "not a rate", "write "+want)
	case n < 1 || n > most:
		w.fail(word, "out of range", fmt.Sprintf("write how many %s a second: 1/s to %s/s", of, thousands(most)))
	}
	return n
}

// span is a time from least to the longest that a scenario may have.
func (w *words) span(least time.Duration) time.Duration {
	word := w.next("a time, such as 500ms, 40s or 6m")
	d, ok := span(word)
	_, isNumber := count(word)
	switch {
	case ok && word != "0" && d > MaxTime:
		w.fail(word, "too long", "write at most "+ShowSpan(MaxTime))
	case ok && d < least:
		w.fail(word, "too short", "write at least "+ShowSpan(least))
	case isNumber && word != "0":
		w.fail(word, "a time has a unit", "write "+word+"s if these are seconds")
	case !ok:
		w.fail(word, "not a time", "write one such as 500ms, 40s or 6m")
	}
	return d
}

// percent is a whole number of percent from 1 to 100.
func (w *words) percent() int {
	word := w.next("how many percent, such as 50%")
	digits, isPercent := strings.CutSuffix(word, "%")
	n, ok := count(digits)
	switch {
	case ok && !isPercent:
		w.fail(word, "a share has a unit", "write "+word+"%")
	case !ok:
		w.fail(word, "not a share", "write how many percent, such as 50%")
	case n < 1 || n > 100:
		w.fail(word, "out of range", "write 1% to 100%")
	}
	return n
}

// list is the items of a list with commas. Blanks around the commas are gone by now.
func (w *words) list(want string) []string {
	return strings.Split(w.next(want), ",")
}

// numbers is a list of numbers of servers, or all. The result is sorted; nil: all.
func (w *words) numbers() []int {
	if w.maybe("all") != "" {
		return nil
	}
	var all []int
	for _, item := range w.list("the number of a server, from 1, or all") {
		n, ok := count(item)
		switch {
		case !ok:
			w.fail(item, "not the number of a server", "write a number from 1, several as 1, 2, or all")
		case n < 1 || n > MaxServers:
			w.fail(item, "there is no such server", "the first is 1, and the last one that there can be "+strconv.Itoa(MaxServers))
		case slices.Contains(all, n):
			w.fail(item, "it is in the list twice", "leave one out")
		}
		all = append(all, n)
	}
	slices.Sort(all)
	return all
}

// policies is a list of policies, in their order.
func (w *words) policies() []string {
	var all []string
	for _, item := range w.list(choice(Policies)) {
		switch {
		case !slices.Contains(Policies, item):
			w.fail(item, "not a policy", nearest(item, Policies))
		case slices.Contains(all, item):
			w.fail(item, "it is in the list twice", "leave one out")
		}
		all = append(all, item)
	}
	slices.SortFunc(all, func(a, b string) int { return slices.Index(Policies, a) - slices.Index(Policies, b) })
	return all
}

// showServers is a list of servers as it is written; nil: all.
func showServers(all []int) string {
	if all == nil {
		return "all"
	}
	shown := make([]string, len(all))
	for i, n := range all {
		shown[i] = strconv.Itoa(n)
	}
	return strings.Join(shown, ", ")
}

// thousands is a number with commas.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
