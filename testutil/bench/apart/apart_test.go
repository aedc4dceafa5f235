package apart

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Linking takes seconds: the programs are the same for all.
func TestClientsInProcessesOfTheirOwn(t *testing.T) {
	programs, err := Build(t.Context(), t.TempDir(), "ours", "stock", "floor")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]func(*testing.T, *Programs){
		"a row has the figures of each client":                aRowHasTheFiguresOfEachClient,
		"a worker that dies is named and the rest ends":       aWorkerThatDiesIsNamed,
		"the end of the context ends all workers":             theEndOfTheContextEndsAll,
		"a worker that cannot start says why":                 aWorkerThatCannotStartSaysWhy,
		"workers are on CPUs of their own, where that can be": workersAreOnTheirCPUs,
		"a row on a long way has what is beside a large call": aFarRowHasWhatIsBesideALargeCall,
	} {
		t.Run(name, func(t *testing.T) { test(t, programs) })
	}
}

func open(ctx context.Context, t *testing.T, programs *Programs, cfg Config, clients ...string) *Bench {
	t.Helper()
	chosen, err := choose(clients)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(ctx, &Programs{programs.dir, chosen}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func aRowHasTheFiguresOfEachClient(t *testing.T, programs *Programs) {
	profiles := t.TempDir()
	b := open(t.Context(), t, programs, Config{Profiles: profiles}, "floor", "stock", "ours")
	r, err := b.Measure(t.Context(), Row{Call: "heartbeat", Callers: 16}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if r.Work != "client/heartbeat/16" || r.Rounds != 2 || len(r.Clients) != 3 || r.CPUs == "" {
		t.Fatalf("%+v", r)
	}
	for i, f := range r.Clients {
		if want := []string{"ours", "stock", "floor"}[i]; f.Client != want {
			t.Errorf("client %d is %s, want %s", i, f.Client, want)
		}
		if f.NS <= 0 || f.P99NS <= 0 || f.Allocs <= 0 || f.Bytes <= 0 {
			t.Errorf("%+v", f)
		}
		if runtime.GOOS == "linux" && (f.CPUNS == nil || f.ServerCPUNS == nil || f.PeakBytes == nil || *f.PeakBytes < 1<<20) {
			t.Errorf("%+v: not everything is told on Linux", f)
		}
		if (f.ToStock == nil) != (f.Client == stock) || (f.P99ToStock == nil) != (f.Client == stock) || (f.ToFloor == nil) != (f.Client == floor) {
			t.Errorf("%s is compared with itself, or with nothing: %+v", f.Client, f)
		}
		if q := f.ToStock; q != nil && (q.Min <= 0 || q.Median < q.Min || q.Max < q.Median) {
			t.Errorf("%s: %+v", f.Client, *q)
		}
		if info, err := os.Stat(filepath.Join(profiles, "client-heartbeat-16-"+f.Client+".pprof")); err != nil || info.Size() == 0 {
			t.Errorf("%s has no profile: %v", f.Client, err)
		}
	}
}

func aFarRowHasWhatIsBesideALargeCall(t *testing.T, programs *Programs) {
	b := open(t.Context(), t, programs, Config{}, "floor", "ours")
	r, err := b.Measure(t.Context(), Row{Call: "ping", Callers: 1, Far: true, Beside: "reply-64KiB"}, 1)
	if err := errors.Join(err, b.Close()); err != nil {
		t.Fatal(err)
	}
	if r.Work != "far/ping/1/beside/reply-64KiB" || !r.Far || len(r.Clients) != 2 {
		t.Fatalf("%+v", r)
	}
	for _, f := range r.Clients {
		if f.P50NS < 20e6 || f.P50ToIdle == nil || f.P50ToIdle.Median <= 0 || (f.SpeedToFloor == nil) != (f.Client == floor) {
			t.Errorf("%+v", f)
		}
	}
}

func TestARowIsOfTheClientsThatCanMakeItsCalls(t *testing.T) {
	for _, row := range Rows() {
		want := []string{"ours", "stock", "joined", "grpc", "bare", "floor"}
		if row.Large || row.Far {
			want = []string{"ours", "stock", "bare", "floor"}
		}
		if row.Callers > 1 || row.Beside != "" {
			want = slices.DeleteFunc(want, func(name string) bool { return name == "bare" })
		}
		var got []string
		for _, v := range row.of(variants) {
			got = append(got, v.name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is measured with %v, want %v", row.Name(), got, want)
		}
	}
}

func TestRatiosAreThoseWithinARound(t *testing.T) {
	of := []sample{{}, {}, {}}
	with := slices.Clone(of)
	for i, ns := range [][2]float64{{1, 2}, {20, 40}, {3, 12}} {
		of[i].NS, with[i].NS = ns[0], ns[1]
	}
	if got := ratio(of, with, perCall); *got != (Ratio{Min: 0.25, Median: 0.5, Max: 0.5}) {
		t.Errorf("%+v", *got)
	}
	if got := ratio(of, with, cpuTime); got != nil {
		t.Errorf("%+v of what the platform does not tell", *got)
	}
	if got := ratio(of, nil, perCall); got != nil {
		t.Errorf("%+v to a client that was not measured", *got)
	}
}

func aWorkerThatDiesIsNamed(t *testing.T, programs *Programs) {
	b := open(t.Context(), t, programs, Config{}, "stock", "floor")
	if err := b.started[0].cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Measure(t.Context(), Row{Call: "ping", Callers: 1}, 2); err == nil || !strings.Contains(err.Error(), "stock") && !strings.Contains(err.Error(), "server") {
		t.Errorf("error %v, want one that names what failed", err)
	}
	if err := b.Close(); err == nil || !strings.Contains(err.Error(), "server") {
		t.Errorf("error %v, want that of the server", err)
	}
}

func theEndOfTheContextEndsAll(t *testing.T, programs *Programs) {
	ctx, cancel := context.WithCancel(t.Context())
	b := open(ctx, t, programs, Config{}, "floor")
	measured := make(chan error, 1)
	go func() {
		_, err := b.Measure(ctx, Row{Call: "ping", Callers: 1}, 1_000_000)
		measured <- err
	}()
	cancel()
	if err := <-measured; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	if err := b.Close(); err == nil {
		t.Error("a server that was killed has ended well")
	}
	if b.started[0].cmd.ProcessState == nil {
		t.Error("the server is left")
	}
}

func aWorkerThatCannotStartSaysWhy(t *testing.T, programs *Programs) {
	b := open(t.Context(), t, programs, Config{}, "stock")
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := b.Measure(t.Context(), Row{Call: "nothing", Callers: 1}, 1); err == nil || !strings.Contains(err.Error(), `stock: -call: body: no call is named "nothing"`) {
		t.Errorf("error %v, want the worker's", err)
	}
	if _, err := start(t.Context(), nil, filepath.Join(programs.dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a program that does not exist: %v", err)
	}
	if _, err := Build(t.Context(), t.TempDir(), "ours", "others"); err == nil {
		t.Error("a client that does not exist was measured")
	} else if no, ok := errors.AsType[*NoSuchClientError](err); !ok || no.Name != "others" || !strings.Contains(no.Error(), "ours,stock") {
		t.Errorf("%v", err)
	}
}

// What a client links and does not use would be in its memory.
func TestAClientLinksNothingOfTheOthers(t *testing.T) {
	for client, without := range map[string][]string{
		"ours":   {"grpc", "net-rpc-msgpackrpc", "testutil/plainclient", "testing"},
		"stock":  {"grpc", module + "/pool", module + "/proxy", module + "/testutil$", "zerolog", "testing"},
		"joined": {"grpc", module + "/pool", module + "/proxy", module + "/testutil$", "zerolog", "testing"},
		"floor":  {"grpc", module + "/pool", module + "/proxy", module + "/testutil$", "zerolog", "testing"},
	} {
		out, err := command(t.Context(), "", "list", "-deps", module+"/testutil/bench/client/"+client)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out) {
			for _, w := range without {
				whole := strings.TrimSuffix(w, "$")
				if line = strings.TrimSpace(line); line == whole || whole == w && strings.Contains(line, w) {
					t.Errorf("%s links %s", client, line)
				}
			}
		}
	}
}

func TestOutsideOfACheckoutItSaysWhereToRun(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := Build(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "checkout of "+module) {
		t.Errorf("error %v, want where to run it", err)
	}
}

func TestTheTableHasALineForEachClient(t *testing.T) {
	var b strings.Builder
	table := Table{W: &b}
	table.Legend()
	if b.Len() > 0 {
		t.Errorf("a legend without a row: %s", b.String())
	}
	cpu, peak := 1.2e6, int64(3<<20)
	table.Row(Result{Work: "client/job/1", CPUs: "somewhere", Clients: []Figures{
		{Client: "ours", NS: 950, CPUNS: &cpu, P99NS: 123e6, Allocs: 2, PeakBytes: &peak, ToStock: &Ratio{0.5, 0.25, 0.75}},
		{Client: "stock", NS: 99_960},
	}})
	table.Row(Result{Work: "far/heartbeat/1/beside/reply-1MiB", CPUs: "somewhere", Far: true, Clients: []Figures{
		{Client: "ours", NS: 30e6, P50NS: 27e6, SpeedToFloor: &Ratio{0.9, 0.8, 1}, P50ToIdle: &Ratio{1.3, 1.2, 1.4}},
	}})
	table.Legend()
	for _, want := range []string{
		"client/job/1\n", "  ours     0.9µs 0.50 (0.25-0.75)   1.2ms", " 123ms ", " 2.0   3.0MiB\n", "  stock    100µs", "somewhere",
		"of idle", "beside/reply-1MiB\n", " 0.90 (0.80-1.00)  27.0ms 1.30 (1.20-1.40)", "20 ms there and back",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
}

func TestWithoutTwoCPUsTheReportSaysSo(t *testing.T) {
	if p := place([]int{7}, nil); p.client != nil || p.server != nil || !strings.Contains(p.String(), "one CPU") {
		t.Errorf("%+v: %v", p, p)
	}
	if p := place(nil, os.ErrPermission); p.client != nil || !strings.Contains(p.String(), "permission") {
		t.Errorf("%+v: %v", p, p)
	}
	if p := place([]int{3, 5, 7}, nil); *p.server != 3 || *p.client != 5 || p.String() != "the clients on CPU 5, the servers on CPU 3" {
		t.Errorf("%+v: %v", p, p)
	}
}
