variable "name" {
  type        = string
  description = "Name of the connection, the API destination, the rule and its target"
  validation {
    condition     = can(regex("^[.\\-_A-Za-z0-9]{1,64}$", var.name))
    error_message = "The name must be 1 to 64 letters, digits, full stops, hyphens and underscores."
  }
}

variable "description" {
  type    = string
  default = null
}

variable "api_key_name" {
  type        = string
  default     = "x-api-key"
  description = "Name of the header with the key of the endpoint"
}

variable "api_key_value" {
  type        = string
  sensitive   = true
  description = "Key of the endpoint. It is in the state of Terraform."
}

variable "invocation_endpoint" {
  type = string
}

variable "http_method" {
  type    = string
  default = "POST"
}

variable "invocation_rate_limit_per_second" {
  type    = number
  default = 300
}

variable "event_pattern" {
  type        = string
  description = "Pattern of the rule, as JSON"
}

variable "event_bus_name" {
  type    = string
  default = "default"
}

variable "delivery_queue_arn" {
  type        = string
  description = "ARN of the delivery queue: the output DeliveryQueueArn of the stack of Lastmile"
}

variable "input_transformer" {
  type        = object({ input_paths = map(string), input_template = string })
  default     = null
  description = "Makes the body of the request. Default: the whole event"
}

variable "retry_policy" {
  type        = object({ maximum_retry_attempts = number, maximum_event_age_in_seconds = number })
  default     = null
  description = "Default: 185 attempts in 24 hours"
}
