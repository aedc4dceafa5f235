package consul

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// canned answers with a body.
type canned struct {
	status int
	body   io.Reader
}

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: c.status, Body: io.NopCloser(c.body)}, nil
}

// through reads a body that comes through the bounds.
func through(t *testing.T, status int, body io.Reader) (int, error) {
	t.Helper()
	resp, err := bounded{canned{status, body}, new(time.Duration)}.RoundTrip(httptest.NewRequest(http.MethodGet, "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if _, again := resp.Body.Read(make([]byte, 1)); again == nil {
		t.Error("there is more behind the end")
	}
	return len(text), err
}

func TestABodyIsTakenUpToItsBoundAndNotAByteMore(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		size   int
		want   error
	}{
		{200, strings.Repeat("a", maxBody), maxBody, nil},
		{200, strings.Repeat("a", maxBody+1), -1, ErrTooLarge},
		{200, strings.Repeat("{", maxObjects), maxObjects, nil},
		{200, strings.Repeat("{", maxObjects+1), -1, ErrTooLarge},
		{200, strings.Repeat(",", maxValues), maxValues, nil},
		{200, strings.Repeat(",", maxValues+1), -1, ErrTooLarge},
		{500, strings.Repeat("a", maxText), maxText, nil},
		{500, strings.Repeat("a", maxText+1), maxText, nil}, // a text is as good without its end
	} {
		n, err := through(t, c.status, strings.NewReader(c.body))
		if !errors.Is(err, c.want) || c.size >= 0 && n != c.size || n > maxBody {
			t.Errorf("%d bytes with status %d: %d, %v; want %d, %v", len(c.body), c.status, n, err, c.size, c.want)
		}
	}
}

func TestAReadThatFailsIsDistinguishedFromAMalformedAnswer(t *testing.T) {
	lost := errors.New("lost")
	_, err := through(t, 200, io.MultiReader(strings.NewReader("[1"), failing{lost}))
	if broken, ok := errors.AsType[*readError](err); !ok || broken.err != lost {
		t.Errorf("%v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
