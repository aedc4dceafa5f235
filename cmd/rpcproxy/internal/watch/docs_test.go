package watch

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy"
)

func TestTheDocumentationHasEachFieldKindAndReason(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/watch.md")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{
		alive, failed, leaderless, unknown, silent,
		string(KindServer), string(KindState), string(KindMove), string(KindLeader), string(KindVersion), string(KindListed),
		string(KindUnlisted), string(KindServed), string(KindHeartbeat), string(KindAgent), string(Info), string(Warn),
	}
	for _, of := range []reflect.Type{reflect.TypeFor[Change](), reflect.TypeFor[Status]()} {
		for f := range of.Fields() {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
				names = append(names, name)
			}
		}
	}
	for _, reason := range []proxy.MoveReason{
		proxy.MoveSilent, proxy.MoveNotServing, proxy.MoveLeaving, proxy.MoveUnreachable, proxy.MoveBroken, proxy.MoveNoLeader,
		proxy.MoveFailed, proxy.MoveRecovered, proxy.MoveHeartbeat, proxy.MoveRebalance, proxy.MoveDiscovery, proxy.MoveManual, proxy.MoveOther,
	} {
		names = append(names, string(reason))
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/watch.md does not name %s", name)
		}
	}
}
