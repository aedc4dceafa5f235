package consul

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/hashicorp/consul/api"
)

// The paths of a service in the API, with its checks and without.
const (
	healthPath    = "/v1/health/service/"
	cataloguePath = "/v1/catalog/service/"
)

// instances asks a datacenter for the service and its checks. Where that path is not to be
// had, because ACLs or a reverse proxy keep it from this side, it asks for the service
// alone.
func (c *client) instances(ctx context.Context, datacenter string) (*entries, *Error) {
	found, err := c.ask(ctx, healthPath, datacenter, checked)
	if err == nil {
		return found, nil
	}
	switch err.Status {
	case http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
	default:
		return nil, err
	}
	listed, second := c.ask(ctx, cataloguePath, datacenter, listed)
	if nothing := second == nil && listed.count == 0 || second != nil && second.Status == http.StatusForbidden; nothing && err.Status == http.StatusForbidden {
		return nil, err // what is denied there is hidden here
	}
	return listed, second
}

// ask asks a datacenter for the service at one of its paths. The client's own methods would
// refuse all entries for one that has a value of another type than it should.
func (c *client) ask(ctx context.Context, path, datacenter string, read func([]byte) (instance, error)) (*entries, *Error) {
	limited, stop := context.WithTimeout(ctx, c.settings.RequestTimeout)
	defer stop()
	q := c.options(context.WithValue(limited, tagKey{}, c.settings.Tag))
	q.Datacenter, q.AllowStale, q.Near = datacenter, true, "_agent"
	path += c.settings.Service
	found := &entries{read: read}
	meta, err := c.api.Raw().Query(path, found, q)
	switch {
	case err != nil:
	case found.count == 0 && meta.ResultsFilteredByACLs:
		return nil, &Error{Path: path, Datacenter: datacenter, Status: http.StatusOK, Err: errHidden}
	case found.malformed > 0 && found.malformed == found.count:
		err = found.first // nothing in it is an entry
	}
	if err != nil {
		return nil, c.failure(ctx, limited, path, datacenter, err)
	}
	return found, nil
}

// tagKey is the key of a request's context for the tag that its parameters are to have: the
// client has no place for it in a Raw query.
type tagKey struct{}

// entries reads a list of entries, one by one.
type entries struct {
	read      func([]byte) (instance, error)
	usable    []instance
	count     int   // of entries
	malformed int   // of those that are of another shape
	first     error // of these
}

// UnmarshalJSON reads a list, or null.
func (e *entries) UnmarshalJSON(list []byte) error {
	d := json.NewDecoder(bytes.NewReader(list))
	begin, err := d.Token()
	if err != nil || begin == nil {
		return err
	}
	if begin != json.Delim('[') {
		return json.Unmarshal(list, new([]json.RawMessage)) // the usual error
	}
	var text json.RawMessage
	for d.More() {
		if err := d.Decode(&text); err != nil {
			return err
		}
		if e.count++; e.count > maxObjects {
			return ErrTooLarge
		}
		i, err := instance{}, e.first
		if object := text[0] == '{' || text[0] == 'n'; object || err == nil { // further ones of another shape are not looked at
			i, err = e.read(text)
		}
		if err == nil {
			e.usable = append(e.usable, i)
		} else if e.malformed++; e.first == nil {
			e.first = err
		}
	}
	return nil
}

// state is the worst state of the checks of an instance and of its node.
type state uint8

const (
	passing state = iota // or there are none, or they are not known
	warning
	critical // or in maintenance
	states   // how many there are
)

// instance is one entry of a datacenter. The zero value is one that is null.
type instance struct {
	listed bool
	node   string
	hosts  [2]string // the service's own, its node's
	port   int
	tags   []string
	state  state
}

// checked reads an entry with its checks.
func checked(text []byte) (instance, error) {
	var e struct {
		Node    *struct{ Node, Address string }
		Service *struct {
			Address string
			Port    int
			Tags    []string
		}
		Checks []*struct{ CheckID, Status string }
	}
	if err := json.Unmarshal(text, &e); err != nil || e.Node == nil || e.Service == nil {
		return instance{}, err
	}
	i := instance{listed: true, node: e.Node.Node, hosts: [2]string{e.Service.Address, e.Node.Address}, port: e.Service.Port, tags: e.Service.Tags}
	for _, c := range e.Checks {
		if c != nil {
			i.state = max(i.state, stateOf(c.CheckID, c.Status))
		}
	}
	return i, nil
}

// stateOf is the state that a check stands for. Maintenance of a node or of a service is a
// check of its own.
func stateOf(id, status string) state {
	switch {
	case id == api.NodeMaint, strings.HasPrefix(id, api.ServiceMaintPrefix):
		return critical
	case status == api.HealthPassing:
		return passing
	case status == api.HealthWarning:
		return warning
	}
	return critical
}

// listed reads an entry of the catalogue, without checks.
func listed(text []byte) (instance, error) {
	var e *struct {
		Node, Address, ServiceAddress string
		ServicePort                   int
		ServiceTags                   []string
	}
	if err := json.Unmarshal(text, &e); err != nil || e == nil {
		return instance{}, err
	}
	return instance{listed: true, node: e.Node, hosts: [2]string{e.ServiceAddress, e.Address}, port: e.ServicePort, tags: e.ServiceTags}, nil
}

// shape is the reason why an entry of another shape is skipped.
func (e *entries) shape() string { return fmt.Sprintf("it is of another shape: %v", e.first) }
