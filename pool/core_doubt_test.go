package pool

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

func TestAPingIsGivenUpOnlyAfterItsAnswerCouldBeRead(t *testing.T) {
	for read, want := range map[bool][]string{true: nil, false: {"publish", silent(1)}} {
		r := up(t, addrA)
		r.use[1] = usage{busy: true, heard: r.now}
		r.tell(messages.Overdue{Addr: addrA, Session: 1}, "ping 1")
		r.expire(time.Hour) // the process was not run
		r.deadline(time.Second)
		if read {
			r.use[1] = usage{busy: true, heard: r.now}
		}
		r.expire(time.Second, want...)
	}
}
