package agentfeed

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// refusal is why an answer is none of a status handler; nil: it may be one.
func refusal(answer *http.Response, kind string) error {
	got, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if answer.StatusCode == http.StatusOK && got == kind {
		return nil
	}
	text := ""
	if got == "text/plain" || got == "" && answer.StatusCode != http.StatusOK {
		most := make([]byte, printable.MaxText)
		n, _ := io.ReadFull(answer.Body, most)
		text, _, _ = strings.Cut(strings.TrimSpace(string(most[:n])), "\n")
	}
	const advice = "is this the address of its status, with the path under which that is served?"
	switch {
	case answer.StatusCode == http.StatusOK && got == "text/html":
		return fmt.Errorf("it answers with a page of HTML where an agent sends its state: %s", advice)
	case answer.StatusCode == http.StatusOK:
		return fmt.Errorf("it answers with %s where an agent sends its state: %s", printable.Quote(answer.Header.Get("Content-Type"), 100), advice)
	case answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("it answers 404, there is no agent's status: %s", advice)
	case strings.Contains(text, "HTTPS server"):
		return errors.New("it speaks HTTPS: give https:// and --ca")
	case text != "":
		return fmt.Errorf("it answers %d: %s", answer.StatusCode, printable.Text(text))
	}
	return fmt.Errorf("it answers %d where an agent sends its state: %s", answer.StatusCode, advice)
}
