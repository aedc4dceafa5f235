package body

import (
	"fmt"
	"strings"
	"time"
)

// JobRegisterRequest are the arguments of Job.Register.
type JobRegisterRequest struct {
	Job                                               *JobSpec
	EnforceIndex                                      bool
	JobModifyIndex                                    uint64
	PreserveCounts, PreserveResources, PolicyOverride bool
	EvalPriority                                      int
	WriteRequest
}

// JobRegisterResponse is the reply of Job.Register.
type JobRegisterResponse struct {
	EvalID                          string
	EvalCreateIndex, JobModifyIndex uint64
	Warnings                        string
	QueryMeta
}

// JobSpec is a job.
type JobSpec struct {
	Region, Namespace, ID, ParentID, Name, Type string
	Priority                                    int
	AllAtOnce                                   bool
	Datacenters                                 []string
	NodePool                                    string
	Constraints                                 []*Constraint
	TaskGroups                                  []*TaskGroup
	Meta                                        map[string]string
	Status, StatusDescription                   string
	Stable                                      bool
	Version, CreateIndex, ModifyIndex           uint64
	SubmitTime                                  int64
}

// Constraint is where a job, a group or a task may run.
type Constraint struct{ LTarget, RTarget, Operand string }

// TaskGroup is a group of tasks.
type TaskGroup struct {
	Name        string
	Count       int
	Constraints []*Constraint
	Tasks       []*Task
	Meta        map[string]string
	Services    []*Service
}

// Task is a task.
type Task struct {
	Name, Driver, User string
	Config             map[string]any
	Env                map[string]string
	Services           []*Service
	Templates          []*Template
	Constraints        []*Constraint
	Resources          *Resources
	Meta               map[string]string
	KillTimeout        time.Duration
	Leader             bool
	ShutdownDelay      time.Duration
	KillSignal, Kind   string
}

// Service is registered while its task runs.
type Service struct {
	Name, TaskName, PortLabel, AddressMode string
	Tags                                   []string
	Checks                                 []*ServiceCheck
	Provider                               string
}

// ServiceCheck tells whether a service is healthy.
type ServiceCheck struct {
	Name, Type, Path, Protocol, Method string
	Interval, Timeout                  time.Duration
}

// Template is a file that is made for a task.
type Template struct {
	SourcePath, DestPath, EmbeddedTmpl string
	ChangeMode, ChangeSignal           string
	Once                               bool
	Splay                              time.Duration
	Perms, LeftDelim, RightDelim       string
	Envvars                            bool
}

// Resources are what a task takes.
type Resources struct{ CPU, Cores, MemoryMB, MemoryMaxMB, DiskMB int }

// Job is a service of net/rpc.
type Job struct{}

// Register answers the registration of a job.
func (Job) Register(_ JobRegisterRequest, reply *JobRegisterResponse) error {
	*reply = registered
	return nil
}

var registered = JobRegisterResponse{EvalID: id(4, 0), EvalCreateIndex: index, JobModifyIndex: index, QueryMeta: meta}

var register = call("job", "Job.Register", &JobRegisterRequest{Job: makeJob(40, 3), WriteRequest: write},
	&registered, func(r *JobRegisterResponse) string { return r.EvalID })

// makeJob makes a job of so many groups of so many tasks, each of some 9 KiB. As in jobs that
// are that large, most of it is the text of templates.
func makeJob(groups, tasks int) *JobSpec {
	j := &JobSpec{
		Region: region, Namespace: namespace, ID: "platform", Name: "platform", Type: "service", Priority: 50,
		Datacenters: []string{"dc1", "dc2", "dc3"}, NodePool: "default", SubmitTime: began.UnixNano(),
		Constraints: []*Constraint{{LTarget: "${attr.kernel.name}", RTarget: "linux", Operand: "="}},
		Meta:        map[string]string{"owner": "platform@example", "revision": id(5, 0)},
	}
	for g := range groups {
		group := &TaskGroup{Name: fmt.Sprintf("group-%02d", g), Count: 3, Meta: map[string]string{"tier": fmt.Sprint(g % 4)}}
		for t := range tasks {
			group.Tasks = append(group.Tasks, makeTask(g, t))
		}
		j.TaskGroups = append(j.TaskGroups, group)
	}
	return j
}

func makeTask(g, t int) *Task {
	env := map[string]string{}
	for i := range 24 {
		env[fmt.Sprintf("SETTING_%02d", i)] = fmt.Sprintf("value-%d-%d-%s", g, t, id(6, i))
	}
	name := fmt.Sprintf("task-%d", t)
	return &Task{
		Name: name, Driver: "docker", Env: env, KillTimeout: 20 * time.Second, KillSignal: "SIGTERM",
		Config: map[string]any{
			"image": fmt.Sprintf("registry.example/platform/%s:1.%d", name, g), "ports": []string{"http", "metrics"},
			"args": []string{"-config", "local/app.yaml", "-listen", "0.0.0.0:8080"}, "network_mode": "bridge", "readonly_rootfs": true,
		},
		Services: []*Service{{
			Name: fmt.Sprintf("platform-%d-%s", g, name), TaskName: name, PortLabel: "http", AddressMode: "auto", Provider: "consul",
			Tags:   []string{"http", "internal", fmt.Sprintf("group-%02d", g)},
			Checks: []*ServiceCheck{{Name: "alive", Type: "http", Path: "/health", Protocol: "http", Method: "GET", Interval: 10 * time.Second, Timeout: 2 * time.Second}},
		}},
		Templates: []*Template{
			{DestPath: "local/app.yaml", EmbeddedTmpl: templateText(g, t, 72), ChangeMode: "restart", Perms: "0644", LeftDelim: "{{", RightDelim: "}}"},
			{DestPath: "secrets/app.env", EmbeddedTmpl: templateText(t, g, 36), ChangeMode: "signal", ChangeSignal: "SIGHUP", Perms: "0600", LeftDelim: "{{", RightDelim: "}}", Envvars: true},
		},
		Resources: &Resources{CPU: 500, MemoryMB: 512, MemoryMaxMB: 1024},
	}
}

// templateText is a template of so many lines.
func templateText(a, b, lines int) string {
	var text strings.Builder
	for i := range lines {
		_, _ = fmt.Fprintf(&text, "setting_%02d_%02d_%03d: {{ key \"platform/%02d/%03d\" }} # as agreed\n", a, b, i, a, i)
	}
	return text.String()
}
