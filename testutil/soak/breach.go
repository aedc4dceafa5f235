package main

import "fmt"

// breach is a sort of broken promise.
type breach uint8

const (
	lost        breach = iota // a call that may be repeated failed
	duplicated                // a call was executed twice that must not be
	mislabelled               // the outcome contradicts the executions
	corrupted                 // an answer is not the one to its call
	late                      // a heartbeat came after TTL and grace were over
	overstayed                // a call ended long after its deadline
	unexplained               // more unreadable answers than faults gave
	leaked                    // goroutines were left
	swollen                   // the heap grew
	derailed                  // the soak itself does not work
	breachKinds               // how many there are
)

func (b breach) String() string {
	return [...]string{
		"lost", "duplicated", "mislabelled", "corrupted", "late", "overstayed",
		"unexplained", "leaked", "swollen", "derailed",
	}[b]
}

// corruptError is an answer that is not the one to its call.
type corruptError struct{ wanted, got string }

func (e *corruptError) Error() string {
	return fmt.Sprintf("the answer is to another call, or damaged: wanted %s, got %s", e.wanted, e.got)
}

// breaches counts them and keeps the first few of each sort in full. Its owner
// alone may use it.
type breaches struct {
	counts [breachKinds]int
	texts  []string
}

// explained is how many breaches of each sort are described in full.
const explained = 5

func (b *breaches) add(sort breach, format string, args ...any) {
	if b.counts[sort]++; b.counts[sort] <= explained {
		b.texts = append(b.texts, fmt.Sprintf("%s: ", sort)+fmt.Sprintf(format, args...))
	}
}

func (b *breaches) total() (n int) {
	for _, c := range b.counts {
		n += c
	}
	return n
}
