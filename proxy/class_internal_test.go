package proxy

import (
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
)

// The requests as Nomad has them.
type (
	QueryOptions struct {
		Region, Namespace string
		MinQueryIndex     uint64
		MaxQueryTime      time.Duration
		AllowStale        bool
		AuthToken         string
		InternalInfo
	}
	WriteRequest struct {
		Region, Namespace, AuthToken, IdempotencyToken string
		InternalInfo
	}
	InternalInfo struct{ Forwarded bool }
)

func (QueryOptions) IsRead() bool { return true }

func (WriteRequest) IsRead() bool { return false }

type (
	queryArgs struct {
		NodeID string
		QueryOptions
	}
	queryPointer struct {
		NodeID string
		*QueryOptions
	}
	writeArgs struct {
		NodeID string
		WriteRequest
	}

	// The same as an agent may declare them, without methods.
	plainOptions struct {
		Region        string
		MinQueryIndex uint64
	}
	plainQuery  struct{ plainOptions }
	plainWrite  struct{ Region, IdempotencyToken string }
	renamedArgs struct {
		Index int64  `codec:"MinQueryIndex,omitempty"`
		Where string `codec:"Region"`
	}
	renamedToken struct {
		Token string `codec:"IdempotencyToken"`
	}
	otherName struct {
		MinQueryIndex uint64 `codec:"index"`
	}
	notSent struct {
		MinQueryIndex    uint64 `codec:"-"`
		IdempotencyToken string `codec:"-"`
	}
	jsonName struct {
		MinQueryIndex uint64 `json:"index"`
	}
	named struct {
		Options plainOptions
	}
	namedEmbedded struct {
		plainOptions `codec:"Options"`
	}
	unsent struct{ MinqueryIndex, MinQueryindex uint64 }
	both   struct {
		MinQueryIndex    uint64
		IdempotencyToken string
	}
	endlessArgs struct{ *endlessArgs }
	outer       struct {
		Region string
		plainOptions
	}
	key       string
	tokenType string
)

func TestTheArgumentsTellTheClassOfAMethodThatIsNotKnown(t *testing.T) {
	token := "once"
	loop := new(any)
	*loop = loop
	var none *queryArgs
	for name, c := range map[string]struct {
		args any
		want Class
	}{
		"nil":                           {nil, AtMostOnce},
		"a number":                      {7, AtMostOnce},
		"no field":                      {struct{ NodeID string }{"n"}, AtMostOnce},
		"a query":                       {queryArgs{}, Read},
		"a query's pointer":             {&queryArgs{}, Read},
		"a query with a pointer":        {queryPointer{QueryOptions: &QueryOptions{}}, Read},
		"a nil query":                   {none, AtMostOnce},
		"a write":                       {writeArgs{}, AtMostOnce},
		"a write with a token":          {writeArgs{WriteRequest: WriteRequest{IdempotencyToken: "once"}}, Idempotent},
		"its pointer":                   {&writeArgs{WriteRequest: WriteRequest{IdempotencyToken: "once"}}, Idempotent},
		"a query without methods":       {plainQuery{}, Read},
		"a write without methods":       {plainWrite{}, AtMostOnce},
		"that with a token":             {plainWrite{IdempotencyToken: "once"}, Idempotent},
		"a tag's name":                  {renamedArgs{}, Read},
		"a tag's token":                 {renamedToken{"once"}, Idempotent},
		"a tag's empty token":           {renamedToken{}, AtMostOnce},
		"another name on the wire":      {otherName{3}, AtMostOnce},
		"fields that are not sent":      {notSent{3, "once"}, AtMostOnce},
		"a tag of JSON":                 {jsonName{}, Read},
		"options under a name":          {named{}, AtMostOnce},
		"embedded options under a name": {namedEmbedded{}, AtMostOnce},
		"fields that only look like it": {unsent{}, AtMostOnce},
		"a query that is a write":       {both{MinQueryIndex: 3}, AtMostOnce},
		"that with a token for one":     {both{IdempotencyToken: "once"}, Idempotent},
		"a type without end":            {endlessArgs{}, AtMostOnce},
		"a pointer to itself":           {loop, AtMostOnce},
		"a map":                         {map[string]any{"MinQueryIndex": 0}, Read},
		"a map's pointer":               {&map[string]any{"MinQueryIndex": nil}, Read},
		"a write's map":                 {map[string]any{"IdempotencyToken": "", "MinQueryIndex": 1}, AtMostOnce},
		"a write's map with a token":    {map[string]any{"IdempotencyToken": "once"}, Idempotent},
		"that by its pointer":           {map[string]any{"IdempotencyToken": &token}, Idempotent},
		"a token of its own type":       {map[string]any{"IdempotencyToken": tokenType("once")}, Idempotent},
		"a token that is none":          {map[string]any{"IdempotencyToken": 7}, AtMostOnce},
		"a map of strings":              {map[string]string{"IdempotencyToken": "once"}, Idempotent},
		"a map of numbers":              {map[string]int{"MinQueryIndex": 0}, Read},
		"a map with keys of a type":     {map[key]any{"MinQueryIndex": 0}, Read},
		"a map with any keys":           {map[any]any{"MinQueryIndex": 0, 7: 1}, Read},
		"a map with numbers for keys":   {map[int]any{7: 0}, AtMostOnce},
		"an empty map":                  {map[string]any(nil), AtMostOnce},
		"a map that says it of another": {map[string]any{"Query": map[string]any{"MinQueryIndex": 0}}, AtMostOnce},
		"a map in other letters":        {map[string]any{"minqueryindex": 0}, AtMostOnce},
		"a slice":                       {[]any{"MinQueryIndex"}, AtMostOnce},
		"bytes":                         {[]byte("MinQueryIndex"), AtMostOnce},
		"a query as it came":            {pool.Raw("\x81\xadMinQueryIndex\x00"), Read},
		"a write as it came":            {pool.Raw("\x82\xb0IdempotencyToken\xa0\xadMinQueryIndex\x01"), AtMostOnce},
		"that with a token as it came":  {pool.Raw("\x81\xb0IdempotencyToken\xa4once"), Idempotent},
	} {
		for range 2 { // as it is found, and as it is remembered
			if got := classify("X.Y", c.args); got != c.want {
				t.Errorf("%s, %#v: %v, want %v", name, c.args, got, c.want)
			}
		}
	}
}

// Whatever their arguments say: requests that act carry the options of queries too.
func TestAMethodThatActsIsSentOnce(t *testing.T) {
	for method := range strings.FieldsSeq(`
		ClientAllocations.Restart ClientAllocations.Signal ClientAllocations.SetPauseState
		ClientAllocations.GarbageCollect ClientAllocations.GarbageCollectAll
		NodeIdentity.Renew NodeMeta.Apply CSIPlugin.Delete System.GarbageCollect System.ReconcileJobSummaries
		Node.DeriveVaultToken Node.DeriveSIToken Node.EmitEvents Node.UpdateDrain CSIVolume.Claim CSIVolume.Unpublish
		Allocations.Restart Allocations.Signal Allocations.SetPauseState Allocations.GarbageCollect Allocations.GarbageCollectAll
		ClientAllocations.Unheard CSIPlugin.Unheard NodeMeta.Unheard NodeIdentity.Unheard System.Unheard
		ClientCSI.ControllerAttachVolume ClientHostVolume.Create`) {
		for _, args := range []any{
			nil,
			queryArgs{},
			&queryArgs{},
			plainQuery{},
			map[string]any{"MinQueryIndex": 7},
			pool.Raw("\x81\xadMinQueryIndex\x07"),
			writeArgs{},
			writeArgs{WriteRequest: WriteRequest{IdempotencyToken: "once"}},
		} {
			if got := classify(method, args); got != AtMostOnce {
				t.Errorf("%s with %#v: %v", method, args, got)
			}
		}
	}
}

func TestAWriteThatIsNotKnownIsSentOnce(t *testing.T) {
	for method := range strings.FieldsSeq(`
		Job.Register Job.Dispatch Variables.Apply Eval.Dequeue Keyring.Rotate ACL.UpsertTokens Node.Deregister Node.Unheard
		HostVolume.Register Deployment.Promote Plan.Submit No Unheard.Of.It`) {
		for _, args := range []any{nil, writeArgs{}, &writeArgs{}, plainWrite{}, map[string]any{"IdempotencyToken": ""}} {
			if got := classify(method, args); got != AtMostOnce {
				t.Errorf("%s with %#v: %v", method, args, got)
			}
		}
	}
}

func TestTheMethodsOfAClientAgentHaveTheirClass(t *testing.T) {
	for class, lines := range map[Class]string{
		Read: `Status.Ping Status.Leader Status.Peers Status.Members Node.GetNode Node.GetClientAllocs Node.GetAllocs Node.List
			Alloc.GetAlloc Alloc.GetAllocs Alloc.SignIdentities ACL.GetClaimPolicies ACL.WhoAmI ACL.GetPolicies ACL.GetRolesByID
			ACL.ResolveToken ServiceRegistration.List ServiceRegistration.GetService Variables.Read Variables.List
			ClientAllocations.Stats ClientAllocations.Checks ClientStats.Stats FileSystem.List FileSystem.Stat NodeMeta.Read
			NodeIdentity.Get CSIPlugin.Get CSIVolume.Get Job.GetJob Job.Plan Search.PrefixSearch Agent.Host`,
		Idempotent: `Node.Register Node.UpdateStatus Node.UpdateAlloc ServiceRegistration.Upsert ServiceRegistration.DeleteByID
			Variables.RenewLock`,
	} {
		for method := range strings.FieldsSeq(lines) {
			for _, args := range []any{nil, writeArgs{}, queryArgs{}, map[string]any{}} {
				if got := classify(method, args); got != class {
					t.Errorf("%s with %#v: %v, want %v", method, args, got, class)
				}
			}
		}
	}
	for method := range classes {
		if service, name, dotted := strings.Cut(method, "."); !dotted || service == "" || name == "" || strings.ContainsAny(method, ": \t\n") {
			t.Errorf("%q is no method", method)
		}
	}
}

func TestTheOutermostFieldCounts(t *testing.T) {
	got := pool.Fields(&outer{Region: "mars", plainOptions: plainOptions{Region: "global"}})
	if got != (pool.RequestFields{Query: true, Region: "mars"}) {
		t.Errorf("%+v", got)
	}
	if got := pool.Fields(queryPointer{}); !got.Query || got.Region != "" {
		t.Errorf("with a nil pointer on the way: %+v", got)
	}
}

// Arguments can be sent whose methods panic: they are promoted from a pointer, or an
// interface, that is nil.
func TestArgumentsWithoutTheOptionsThatTheyEmbedAreCarried(t *testing.T) {
	type (
		regional interface {
			IsRead() bool
			TimeToBlock() time.Duration
			RequestRegion() string
		}
		lookup struct {
			*QueryOptions
			NodeID string
		}
		change struct {
			*WriteRequest
			NodeID string
		}
		vague struct {
			regional
			NodeID string
		}
	)
	for _, row := range []struct {
		args any
		want Class
	}{
		{lookup{NodeID: "n"}, Read}, // its fields travel, as zero
		{&lookup{NodeID: "n"}, Read},
		{change{NodeID: "n"}, AtMostOnce},
		{&change{NodeID: "n"}, AtMostOnce},
		{vague{NodeID: "n"}, AtMostOnce},
		{&vague{NodeID: "n"}, AtMostOnce},
	} {
		if got := classify("No.Such", row.args); got != row.want {
			t.Errorf("%#v: %v, want %v", row.args, got, row.want)
		}
		if got := pool.BlockTime(row.args); got != 0 {
			t.Errorf("%#v blocks for %v", row.args, got)
		}
		c := call{shared: &calls{cfg: &Config{}}}
		if c.lookUpTarget(row.args); c.elsewhere {
			t.Errorf("%#v is for another region", row.args)
		}
	}
}
