package messages_test

import (
	"slices"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
)

func server(t testing.TB, addr string) messages.Server {
	t.Helper()
	s, err := messages.ParseServer(addr)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// threeServers is a View of two primaries, of which the first has failed, and a
// backup; the second is active.
func threeServers(t testing.TB) (*messages.View, []messages.Ranked) {
	t.Helper()
	ranking := []messages.Ranked{
		{Server: server(t, "10.0.0.3"), Health: messages.Failed},
		{Server: server(t, "10.0.0.1"), Health: messages.Alive},
		{Server: server(t, "10.0.0.2"), Role: messages.Backup},
	}
	return messages.NewView(7, slices.Clone(ranking), 1, 42, "10.0.0.1:4647"), ranking
}

func TestAViewHasTheServersItWasMadeOf(t *testing.T) {
	v, ranking := threeServers(t)
	if v.Epoch() != 7 || v.NumNodes() != 42 || v.LeaderAddr() != "10.0.0.1:4647" || v.Len() != 3 {
		t.Errorf("epoch %d, %d nodes, leader %q, %d servers", v.Epoch(), v.NumNodes(), v.LeaderAddr(), v.Len())
	}
	if s, ok := v.Active(); !ok || s != ranking[1].Server {
		t.Errorf("active %v, %t; want %v", s, ok, ranking[1].Server)
	}
	var servers []messages.Server
	var addrs []string
	for _, r := range ranking {
		servers, addrs = append(servers, r.Server), append(addrs, r.Server.Addr)
		if got := v.Health(r.Server); got != r.Health {
			t.Errorf("health of %v: %v, want %v", r.Server, got, r.Health)
		}
		if !v.Contains(r.Server) {
			t.Errorf("%v is not contained", r.Server)
		}
	}
	if got := v.Servers(); !slices.Equal(got, servers) {
		t.Errorf("servers %v, want %v", got, servers)
	}
	if got := slices.Collect(v.All()); !slices.Equal(got, servers) {
		t.Errorf("all %v, want %v", got, servers)
	}
	if got := slices.Collect(v.Ranking()); !slices.Equal(got, ranking) {
		t.Errorf("ranking %v, want %v", got, ranking)
	}
	if got := v.Addrs(); !slices.Equal(got, addrs) {
		t.Errorf("addresses %v, want %v", got, addrs)
	}
}

func TestAServerIsFoundByItsAddressWhateverItsName(t *testing.T) {
	v, _ := threeServers(t)
	if s := server(t, "[::ffff:10.0.0.3]:4647"); !v.Contains(s) || v.Health(s) != messages.Failed {
		t.Errorf("%q was not found", s.Name)
	}
	if s := server(t, "10.0.0.3:5000"); v.Contains(s) || v.Health(s) != messages.Unknown {
		t.Errorf("%q was found", s.Name)
	}
}

func TestAViewDoesNotChangeThroughItsCopies(t *testing.T) {
	v, ranking := threeServers(t)
	got := v.Servers()
	slices.Reverse(got)
	got[0] = messages.Server{}
	_ = append(v.Servers(), messages.Server{})
	_ = append(v.Addrs(), "intruder") // must copy: there is no room to write into
	if slices.Contains(v.Addrs()[:cap(v.Addrs())], "intruder") {
		t.Error("an append wrote into the slice that readers share")
	}
	if again := slices.Collect(v.Ranking()); !slices.Equal(again, ranking) {
		t.Errorf("the ranking became %v", again)
	}
	if one, two := v.Servers(), v.Servers(); &one[0] == &two[0] {
		t.Error("two readers got the same slice")
	}
}

func TestAViewMayHaveServersAndNoneActive(t *testing.T) {
	_, ranking := threeServers(t)
	if s, ok := messages.NewView(1, ranking, -1, 0, "").Active(); ok || s != (messages.Server{}) {
		t.Errorf("active %v, %t; want none", s, ok)
	}
}

func TestIterationMayBeLeftEarly(t *testing.T) {
	v, ranking := threeServers(t)
	n := 0
	for s := range v.All() {
		n++
		if s != ranking[0].Server {
			t.Errorf("first server %v, want %v", s, ranking[0].Server)
		}
		break
	}
	for range v.Ranking() {
		n++
		break
	}
	if n != 2 {
		t.Errorf("%d turns, want one of each", n)
	}
}

func TestAViewWithoutServersHasNoneActive(t *testing.T) {
	for name, v := range map[string]*messages.View{
		"made": messages.NewView(1, nil, -1, 0, ""),
		"zero": new(messages.View),
	} {
		if s, ok := v.Active(); ok || s != (messages.Server{}) {
			t.Errorf("%s: active %v, %t", name, s, ok)
		}
		if v.Len() != 0 || len(v.Servers()) != 0 || len(v.Addrs()) != 0 || v.Contains(messages.Server{}) {
			t.Errorf("%s: it has servers: %v", name, v.Servers())
		}
	}
}

func TestReadingAViewAllocatesNothing(t *testing.T) {
	v, ranking := threeServers(t)
	sum := 0
	for name, read := range map[string]func(){
		"Active":   func() { s, _ := v.Active(); sum += len(s.Addr) },
		"Health":   func() { sum += int(v.Health(ranking[2].Server)) },
		"Contains": func() { v.Contains(ranking[2].Server) },
		"Addrs":    func() { sum += len(v.Addrs()) },
		"All": func() {
			for s := range v.All() {
				sum += len(s.Addr)
			}
		},
		"Ranking": func() {
			for r := range v.Ranking() {
				sum += int(r.Health)
			}
		},
		"counts": func() { sum += int(v.Epoch()) + v.Len() + v.NumNodes() + len(v.LeaderAddr()) },
	} {
		if n := testing.AllocsPerRun(100, read); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
	if n := testing.AllocsPerRun(100, func() { sum += len(v.Servers()) }); n > 1 {
		t.Errorf("Servers: %v allocations, want its slice only", n)
	}
}

func TestHealthAndRoleHaveNames(t *testing.T) {
	for want, got := range map[string]string{
		"unknown": messages.Unknown.String(),
		"alive":   messages.Alive.String(),
		"failed":  messages.Failed.String(),
		"primary": messages.Primary.String(),
		"backup":  messages.Backup.String(),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if s := server(t, "Nomad"); s.String() != "nomad:4647" {
		t.Errorf("a Server is written %q, want its address", s)
	}
}
