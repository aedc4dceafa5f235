package pool_test

import (
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
)

func TestADialPolicyLeavesServersAloneThatCannotBeReached(t *testing.T) {
	d := poolhooks.NewDialPolicy(func() float64 { return 0 })
	d.Spread(30 * time.Second)
	now := time.Unix(1_800_000_000, 0)
	for i, addr := range []string{"a:1", "b:1"} {
		if err := d.Refuse(now, addr, false); err != nil {
			t.Fatalf("dial %d: %v", i, err)
		}
		d.Failed(now, addr, i == 1, time.Second, false)
	}
	err := d.Refuse(now, "c:1", false)
	refused, ok := errors.AsType[*pool.BackoffError](err)
	if !ok || !refused.Until.After(now) {
		t.Fatalf("%v", err)
	}
	if err := d.Refuse(refused.Until, "c:1", false); err != nil {
		t.Errorf("then: %v", err)
	}
	if first, next := d.Limit("a:1", time.Second, true), d.Limit("b:1", time.Second, true); first != time.Second || next != 2*time.Second {
		t.Errorf("limits %v, and after a dial that was not answered %v", first, next)
	}
	d.Up(now, "c:1", 7)
	if err := d.Refuse(now, "c:1", true); err != nil {
		t.Errorf("with a session: %v", err)
	}
	d.Ended(now.Add(time.Second), "c:1", 7, errors.New("hung up"), false)
	d.Served("c:1")
	if err := d.Refuse(now, "a:1", false); err != nil {
		t.Errorf("after an answer: %v", err)
	}
}
