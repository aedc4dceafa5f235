package sidecarconf

import (
	"errors"
	"fmt"
	"math"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
)

// read sets a field to what was given.
func (g given) read(field any) *Error {
	if isList(field) {
		return g.readList(field)
	}
	if len(g.values) != 1 {
		return g.bad(fmt.Sprintf("has %d values", len(g.values)), "give one", nil)
	}
	return g.readOne(field, g.values[0])
}

func isList(field any) bool {
	switch field.(type) {
	case *[]string, *listings, *users, *suites:
		return true
	}
	return false
}

func (g given) readOne(field any, text string) *Error {
	var err error
	advice := ""
	switch to := field.(type) {
	case *string:
		*to = text
	case *bool:
		*to, err = strconv.ParseBool(text)
		advice = "give true or false"
	case *int:
		*to, err = strconv.Atoi(text)
		advice = "give a number"
	case *time.Duration:
		*to, err = time.ParseDuration(text)
		advice = "give a duration such as 10s or 2m"
	case *version:
		var v uint16
		v, err = pool.ParseTLSVersion(text)
		*to, advice = version(v), "give 1.2 or 1.3"
	case *level:
		err = to.read(text)
		advice = "give debug, info, warn or error"
	case *format:
		if text != formatJSON && text != formatText {
			err = errors.New("unknown")
		}
		*to, advice = format(text), "give "+formatJSON+" or "+formatText
	default:
		panic(fmt.Sprintf("no way to read a %T", field)) // the table is wrong
	}
	if err != nil {
		return g.bad("is "+g.quoted(), advice, err)
	}
	return nil
}

func (l *level) read(text string) error {
	switch got, err := zerolog.ParseLevel(strings.ToLower(text)); {
	case err != nil:
		return err
	case got < zerolog.DebugLevel || got > zerolog.ErrorLevel:
		return errors.New("out of range")
	default:
		*l = level(got)
		return nil
	}
}

func (g given) readList(field any) *Error {
	switch to := field.(type) {
	case *[]string:
		*to = g.values
	case *listings:
		var bad messages.AddrsError
		for _, text := range g.values {
			if _, err := messages.ParseServer(text); err != nil {
				wrong, _ := errors.AsType[*messages.AddrError](err) // always
				bad.Errs = append(bad.Errs, wrong)
			}
		}
		if len(bad.Errs) > 0 {
			first := bad.Errs[0]
			return g.bad(fmt.Sprintf("has the bad address %q: %s", first.Input, first.Reason), "give host, host:port or [IPv6]:port", &bad)
		}
		*to = g.values
	case *users:
		*to = nil
		for _, text := range g.values {
			uid, err := lookUser(text)
			if err != nil {
				return g.bad(fmt.Sprintf("has the user %q, who is not known here", text), "give the name of a user, or a number", err)
			}
			if uid == noUser {
				return g.bad(fmt.Sprintf("has the user %q, the number that means no user", text), "give the name of a user, or the number of one", nil)
			}
			*to = append(*to, uid)
		}
	case *suites:
		got, err := pool.ParseCipherSuites(strings.Join(g.values, ","))
		if err != nil {
			reason := contain.Text(err)
			if known, ok := errors.AsType[*pool.TLSConfigError](err); ok && known.Err != nil {
				reason = contain.Text(known.Err)
			}
			return g.bad("has a cipher suite that cannot be used", reason, err)
		}
		*to = got
	}
	return nil
}

// noUser is uid_t's -1, with which Linux says that there is no user (linux/uidgid.h, INVALID_UID).
const noUser = math.MaxUint32

// lookUser is the number of a user, given as such or by name.
func lookUser(text string) (uint32, error) {
	if uid, err := strconv.ParseUint(text, 10, 32); err == nil {
		return uint32(uid), nil
	}
	account, err := user.Lookup(text)
	if err != nil {
		return 0, err
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	return uint32(uid), err
}

// show is the value of a field as it would be given; empty: it has none.
func show(field any) string {
	switch v := field.(type) {
	case *string:
		return *v
	case *format:
		return string(*v)
	case *[]string:
		return strings.Join(*v, ",")
	case *listings:
		return strings.Join(*v, ",")
	case *bool:
		return strconv.FormatBool(*v)
	case *int:
		return strconv.Itoa(*v)
	case *time.Duration:
		return v.String()
	case *level:
		return zerolog.Level(*v).String()
	case *version:
		return map[uint16]string{0x0303: "1.2", 0x0304: "1.3"}[uint16(*v)]
	case *users:
		return strings.Trim(strings.ReplaceAll(fmt.Sprint([]uint32(*v)), " ", ","), "[]")
	case *suites:
		return strings.Trim(strings.ReplaceAll(fmt.Sprint([]uint16(*v)), " ", ","), "[]")
	}
	panic(fmt.Sprintf("no way to show a %T", field)) // the table is wrong
}
