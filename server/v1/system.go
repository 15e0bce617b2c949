package v1

import (
	"context"
	"fmt"

	"landwaiter.dev/engine"
	"landwaiter.dev/server/auth"
	"landwaiter.dev/server/problem"
)

// Service is one role of one node, under the name that clients know.
type Service struct {
	Name    string `json:"servicename"`
	HostID  string `json:"hostid"`
	BaseURL string `json:"base_url"`
	Version string `json:"version"`
	Status  bool   `json:"status"`
	Message string `json:"status_message"`
	Detail  Status `json:"service_detail"`
}

// Status is the state of one process.
type Status struct {
	Up        bool           `json:"up"`
	Available bool           `json:"available"`
	Busy      bool           `json:"busy"`
	Message   *string        `json:"message"`
	Detail    map[string]any `json:"detail"`
	Version   string         `json:"version"`
	DBVersion string         `json:"db_version"`
	Heartbeat *clock         `json:"heartbeat,omitempty"`
}

// ServiceStates is the answer of GET /system.
type ServiceStates struct {
	States []Service `json:"service_states"`
}

// VersionAnswer is the answer of GET /version.
type VersionAnswer struct {
	Service struct {
		Version string `json:"version"`
	} `json:"service"`
	API struct {
		Version string `json:"version"`
	} `json:"api"`
	DB struct {
		SchemaVersion string `json:"schema_version"`
	} `json:"db"`
}

// service are the routes that say that we are there.
func (r *routes) service() {
	const tag = "Service"
	add(r, "GET /", tag, "Name of the API", func(context.Context, *none) (string, error) { return "v1", nil }, isOpen)
	add(r, "GET /health", tag, "Whether the process answers", func(context.Context, *none) (string, error) { return "ok", nil }, isOpen)
	add(r, "GET /version", tag, "Versions of program, API and database", func(context.Context, *none) (VersionAnswer, error) {
		var v VersionAnswer
		v.Service.Version, v.API.Version, v.DB.SchemaVersion = r.System.Version(), APIVersion, r.SchemaVersion
		return v, nil
	}, isOpen)
	add(r, "GET /status", tag, "State of this process", func(context.Context, *none) (Status, error) { return r.status(true, "all good"), nil })
}

// ServicePath names a service in a path.
type ServicePath struct {
	Name string `path:"servicename"`
}

type serviceHostPath struct {
	ServicePath
	HostID string `path:"hostid"`
}

func (r *routes) system() {
	const tag = "System"
	add(r, "GET /system", tag, "State of all services", func(ctx context.Context, _ *none) (ServiceStates, error) {
		list, err := r.services(ctx, "", "")
		return ServiceStates{list}, err
	})
	add(r, "GET /system/services", tag, "List services", func(ctx context.Context, _ *none) ([]Service, error) {
		if err := auth.Admin(ctx, "listServices"); err != nil {
			return nil, err
		}
		return r.services(ctx, "", "")
	})
	add(r, "GET /system/services/{servicename}", tag, "List services of one name", func(ctx context.Context, in *ServicePath) ([]Service, error) {
		if err := auth.Admin(ctx, "getService"); err != nil {
			return nil, err
		}
		return r.services(ctx, in.Name, "")
	})
	add(r, "GET /system/services/{servicename}/{hostid}", tag, "Get a service", func(ctx context.Context, in *serviceHostPath) ([]Service, error) {
		if err := auth.Admin(ctx, "getService"); err != nil {
			return nil, err
		}
		list, err := r.services(ctx, in.Name, in.HostID)
		if err == nil && len(list) == 0 {
			err = notFound("service_not_found", fmt.Sprintf("no service %.100q on host %.100q", in.Name, in.HostID))
		}
		return list, err
	})
	add(r, "DELETE /system/services/{servicename}/{hostid}", tag, "Forget a service that is down", func(ctx context.Context, in *serviceHostPath) (bool, error) {
		if err := auth.Admin(ctx, "deleteService"); err != nil {
			return false, err
		}
		return true, r.System.DeleteService(ctx, in.Name, in.HostID)
	})
	add(r, "GET /system/policy_spec", tag, "Gates, triggers and parameters that policies may use", func(context.Context, *none) (any, error) { return r.PolicySpec(), nil })
	add(r, "GET /system/error_codes", tag, "Codes that may stand in detail.error_codes", func(context.Context, *none) ([]problem.LegacyCode, error) {
		return problem.LegacyCodes, nil
	})
}

func (r *routes) services(ctx context.Context, name, host string) ([]Service, error) {
	found, err := r.System.Services(ctx)
	list := make([]Service, 0, len(found))
	for i := range found {
		if s := &found[i]; (name == "" || s.Name == name) && (host == "" || s.HostID == host) {
			list = append(list, r.newService(s))
		}
	}
	return list, err
}

func (r *routes) newService(s *engine.Service) Service {
	message := s.Message
	if message == "" {
		message = "unavailable"
		if s.Up {
			message = "available"
		}
	}
	row := Service{Name: s.Name, HostID: s.HostID, BaseURL: s.BaseURL, Version: "v1", Status: s.Up, Message: message, Detail: r.status(s.Up, message)}
	row.Detail.Version = or(s.Version, row.Detail.Version)
	if !s.Heartbeat.IsZero() {
		beat := clock(s.Heartbeat)
		row.Detail.Heartbeat = &beat
	}
	return row
}

func (r *routes) status(up bool, message string) Status {
	return Status{Up: up, Available: up, Message: &message, Detail: map[string]any{}, Version: r.System.Version(), DBVersion: r.SchemaVersion}
}
