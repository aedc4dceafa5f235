package body

import (
	"fmt"
	"time"
)

// AllocListRequest are the arguments of Alloc.List.
type AllocListRequest struct {
	QueryOptions
	Fields *AllocStubFields
}

// AllocStubFields asks for more of each allocation.
type AllocStubFields struct{ Resources, TaskStates bool }

// AllocListResponse is the reply of Alloc.List.
type AllocListResponse struct {
	Allocations []*AllocListStub
	QueryMeta
}

// AllocListStub is one allocation of an AllocListResponse. The states of its tasks and its
// resources were not asked for.
type AllocListStub struct {
	ID, EvalID, Name, Namespace       string
	NodeID, NodeName, JobID, JobType  string
	JobVersion                        uint64
	TaskGroup                         string
	AllocatedResources                map[string]int64
	DesiredStatus, DesiredDescription string
	ClientStatus, ClientDescription   string
	DesiredTransition                 DesiredTransition
	TaskStates                        map[string]string
	DeploymentStatus                  *AllocDeploymentStatus
	FollowupEvalID, NextAllocation    string
	PreemptedAllocations              []string
	PreemptedByAllocation             string
	CreateIndex, ModifyIndex          uint64
	CreateTime, ModifyTime            int64
}

// DesiredTransition is what the scheduler is to do with an allocation.
type DesiredTransition struct{ Migrate, Reschedule, ForceReschedule, NoShutdownDelay *bool }

// AllocDeploymentStatus is the health of an allocation.
type AllocDeploymentStatus struct {
	Healthy     *bool
	Timestamp   time.Time
	Canary      bool
	ModifyIndex uint64
}

// Alloc is a service of net/rpc.
type Alloc struct{}

// List answers with 100 allocations.
func (Alloc) List(_ AllocListRequest, reply *AllocListResponse) error {
	*reply = *allocList
	return nil
}

var allocList = makeAllocList(100)

var allocations = call("allocs", "Alloc.List", &AllocListRequest{
	QueryOptions: QueryOptions{Region: region, Namespace: namespace, AllowStale: true, AuthToken: token},
	Fields:       &AllocStubFields{},
}, allocList, func(r *AllocListResponse) string {
	if n := len(r.Allocations); n > 0 {
		return r.Allocations[n-1].ID
	}
	return ""
})

func makeAllocList(n int) *AllocListResponse {
	list := &AllocListResponse{QueryMeta: meta}
	for i := range n {
		at := began.Add(time.Duration(i) * 7 * time.Minute)
		job := fmt.Sprintf("service-%02d", i%23)
		list.Allocations = append(list.Allocations, &AllocListStub{
			ID: id(1, i), EvalID: id(2, i/4), Name: fmt.Sprintf("%s.web[%d]", job, i/23), Namespace: namespace,
			NodeID: id(3, i%40), NodeName: fmt.Sprintf("client-%03d.dc1.example", i%40),
			JobID: job, JobType: "service", JobVersion: uint64(i % 9), TaskGroup: "web",
			DesiredStatus: "run", ClientStatus: "running", ClientDescription: "Tasks are running",
			DeploymentStatus: &AllocDeploymentStatus{Healthy: new(true), Timestamp: at.Add(12 * time.Second), ModifyIndex: index - uint64(n-i)},
			CreateIndex:      index - uint64(2*(n-i)), ModifyIndex: index - uint64(n-i),
			CreateTime: at.UnixNano(), ModifyTime: at.Add(12 * time.Second).UnixNano(),
		})
	}
	return list
}
