package demo

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// The longest names and figures there are.
func TestEveryLineFitsInto80Columns(t *testing.T) {
	for i, step := range Full().Steps {
		c := &count{name: step.Name, calls: 999_999, failed: 999, worst: 99_999 * time.Millisecond}
		r := &Report{actives: []string{"127.0.0.1:65535"}}
		if line := r.add(c); len(line) > columns {
			t.Errorf("%d columns: %s", len(line), line)
		}
		env := &Env{tally: openTally()}
		if line := "/ " + env.progress(c, i, len(Full().Steps)); len(line) >= columns {
			t.Errorf("%d columns: %s", len(line), line)
		}
		env.tally.close()
		var table strings.Builder
		if err := r.Table(&table); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(table.String()) {
			if len(line) > columns {
				t.Errorf("%d columns: %s", len(line), line)
			}
		}
	}
}

func TestALineWipesTheDrawingBeforeItIsWritten(t *testing.T) {
	var both bytes.Buffer // as on a terminal, where the two streams meet
	s := startScreen(&both, &both)
	drawn := make(chan struct{}, 1)
	s.show(func() string {
		select {
		case drawn <- struct{}{}:
		default:
		}
		return "going on"
	})
	<-drawn
	s.print("a line")
	s.close()
	if !strings.Contains(both.String(), "going on"+wipe+"a line\n") || !strings.HasSuffix(both.String(), wipe) {
		t.Errorf("written: %q", both.String())
	}
}
