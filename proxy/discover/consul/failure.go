package consul

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/hashicorp/consul/api"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// failure is the *Error for an error of the client. limited is the context of the request,
// ctx that of the walk.
func (c *client) failure(ctx, limited context.Context, path, datacenter string, err error) *Error {
	e := &Error{Path: path, Datacenter: datacenter}
	status, refused := errors.AsType[api.StatusError](err)
	broken, lost := errors.AsType[*readError](err)
	unsent, failed := errors.AsType[*url.Error](err)
	switch {
	case refused:
		e.Status, e.Err, e.RetryAfter = status.Code, kind(status.Code, printable.WithoutSecrets(c.hide(status.Body))), *c.wait
	case ctx.Err() != nil:
		e.Err = context.Cause(ctx)
	case limited.Err() != nil:
		e.Err = fmt.Errorf("%w within %v: %w", ErrUnreachable, c.settings.RequestTimeout, limited.Err())
	case lost:
		e.Status, e.Err = http.StatusOK, fmt.Errorf("%w to its end: %w", ErrUnreachable, c.shown(broken.err))
	case failed: // its text has the URL and the method once more
		e.Err = fmt.Errorf("%w: %w", ErrUnreachable, c.shown(unsent.Err))
	case errors.Is(err, ErrTooLarge):
		e.Status, e.Err = http.StatusOK, ErrTooLarge
	default:
		e.Status, e.Err = http.StatusOK, fmt.Errorf("%w: %w", ErrMalformed, c.shown(err))
	}
	return e
}

// shown is an error with a printable text, without what is secret: the token, and users
// and passwords of URLs, as that of a proxy.
func (c *client) shown(err error) error {
	text := contain.Text(err)
	if kept := printable.WithoutSecrets(c.hide(text)); kept != text {
		return &masked{text: kept, err: err}
	}
	return contain.Error(err)
}

// masked is an error whose own text holds something secret.
type masked struct {
	text string
	err  error
}

func (e *masked) Error() string { return printable.Text(e.text) }

func (e *masked) Unwrap() error { return e.err }

// kind is the one place where the text of an answer decides. Texts are matched at their
// end: servers that forward a request put their own words before it.
func kind(status int, text string) error {
	quoted := quote(text)
	switch {
	case status == http.StatusForbidden:
		return fmt.Errorf("%w: %s", ErrPermissionDenied, quoted)
	case status == http.StatusInternalServerError && strings.HasSuffix(text, "No cluster leader"):
		return fmt.Errorf("%w: %s", ErrNoLeader, quoted)
	case text == "":
		return errors.New("no reason given")
	}
	return errors.New(quoted)
}

// hide takes what is secret out of a text of Consul's, or of a proxy's in front of it, that
// may repeat a request.
func (c *client) hide(text string) string {
	secrets := []string{c.token}
	if auth := c.settings.api.HttpAuth; auth != nil {
		secrets = append(secrets, auth.Password, base64.StdEncoding.EncodeToString([]byte(auth.Username+":"+auth.Password)))
	}
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "(secret)")
		}
	}
	return text
}

// quote is s in quotes, printable and cut.
func quote(s string) string { return printable.Quote(s, maxQuoted) }

// maxQuoted is how many bytes of a text of Consul an error repeats.
const maxQuoted = 200
