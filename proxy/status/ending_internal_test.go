package status

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// An agent that starts a new server each time it is configured anew has many in its life.
func TestServersThatHaveEndedMakeRoomForOthers(t *testing.T) {
	h := New(nil, Config{})
	ask := func(s *http.Server) *ending {
		ctx := context.WithValue(t.Context(), http.ServerContextKey, s)
		return h.server(httptest.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/", http.NoBody))
	}
	first := new(http.Server)
	kept := ask(first)
	for i := range 3 * mostServers {
		s := new(http.Server)
		e := ask(s)
		if e == nil {
			t.Fatalf("server %d is not known", i)
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		select {
		case <-e.closed():
		case <-time.After(time.Minute):
			t.Fatalf("server %d: its end is not heard of", i)
		}
	}
	if ask(first) != kept || kept.hasBegun() {
		t.Error("one that runs is forgotten, or ended")
	}
	if n := len(*h.servers.Load()); n > mostServers {
		t.Errorf("%d are kept", n)
	}
	for range 2 * mostServers {
		ask(new(http.Server))
	}
	if n := len(*h.servers.Load()); n != mostServers || ask(new(http.Server)) != nil {
		t.Errorf("%d are kept, want %d, and no more", n, mostServers)
	}
}

// Who has given a URL for a host finds out why it is not answered.
func TestWhatIsNoHostIsNamedInTheRefusal(t *testing.T) {
	for hosts, says := range map[string]string{
		"https://agent.example.com": `, where "https://agent.example.com" is neither a name nor an address`,
		"other.example.com":         "or name it in status.Config.Hosts\n",
	} {
		answer := httptest.NewRecorder()
		New(nil, Config{Hosts: []string{hosts}}).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://agent.example.com/", http.NoBody))
		if text := answer.Body.String(); answer.Code != http.StatusMisdirectedRequest || !strings.Contains(text, says) {
			t.Errorf("%s: %d, %s", hosts, answer.Code, text)
		}
	}
}
