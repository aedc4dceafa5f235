package demo

import (
	"bytes"
	"strings"
	"testing"
)

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
