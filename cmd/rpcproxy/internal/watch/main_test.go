package watch

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// began is when everything begins here. second is a time so many seconds later.
var began = time.Date(2026, 11, 29, 14, 0, 0, 0, time.Local)

func second(n float64) time.Time { return began.Add(time.Duration(n * float64(time.Second))) }

const (
	a = "10.0.0.1:4647"
	b = "10.0.0.2:4647"
	c = "10.0.0.3:4647"
)

// answer is a probe that was answered after a millisecond.
func answer(at float64, addr, leader string) Probed {
	return Probed{At: second(at), Addr: addr, RTT: time.Millisecond, Asked: true, Leader: leader}
}

// lines are the texts of changes.
func lines(changes []Change) (all []string) {
	for _, c := range changes {
		all = append(all, string(c.Level)+" "+c.Text)
	}
	return all
}
