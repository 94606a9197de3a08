# A connection and an API destination of Lastmile, and a rule of EventBridge that sends its events there.
#
# AWS's own provider does the work, with two configurations: `aws.lastmile` calls the control API of Lastmile, and `aws` calls
# EventBridge.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = ">= 5.80"
      configuration_aliases = [aws.lastmile]
    }
  }
}

resource "aws_cloudwatch_event_connection" "this" {
  provider           = aws.lastmile
  name               = var.name
  description        = var.description
  authorization_type = "API_KEY"
  auth_parameters {
    api_key {
      key   = var.api_key_name
      value = var.api_key_value
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "this" {
  provider                         = aws.lastmile
  name                             = var.name
  description                      = var.description
  connection_arn                   = aws_cloudwatch_event_connection.this.arn
  invocation_endpoint              = var.invocation_endpoint
  http_method                      = var.http_method
  invocation_rate_limit_per_second = var.invocation_rate_limit_per_second
}

resource "aws_cloudwatch_event_rule" "this" {
  name           = var.name
  description    = var.description
  event_bus_name = var.event_bus_name
  event_pattern  = var.event_pattern
}

locals {
  # The settings that a target of EventBridge would have. Lastmile applies them.
  target = merge(
    { Id = var.name },
    var.input_transformer == null ? {} : {
      InputTransformer = {
        InputPathsMap = var.input_transformer.input_paths
        # The rule would replace <name> itself, so Lastmile's placeholders have double braces.
        InputTemplate = replace(var.input_transformer.input_template, "/<([A-Za-z0-9_.-]+)>/", "{{$1}}")
      }
    },
    var.retry_policy == null ? {} : {
      RetryPolicy = {
        MaximumRetryAttempts     = var.retry_policy.maximum_retry_attempts
        MaximumEventAgeInSeconds = var.retry_policy.maximum_event_age_in_seconds
      }
    },
  )
  # jsonencode writes < and > as escapes, but EventBridge looks for its placeholders in the text.
  members = replace(replace(jsonencode({ apiDestination = var.name, target = local.target }), "\\u003c", "<"), "\\u003e", ">")
}

resource "aws_cloudwatch_event_target" "this" {
  rule           = aws_cloudwatch_event_rule.this.name
  event_bus_name = var.event_bus_name
  target_id      = var.name
  arn            = var.delivery_queue_arn
  input_transformer {
    input_template = "${trimsuffix(local.members, "}")},\"rule\":\"<aws.events.rule-arn>\",\"event\":<aws.events.event.json>}"
  }
  # With the name as its message group, a slow endpoint delays no other.
  sqs_target {
    message_group_id = aws_cloudwatch_event_api_destination.this.name
  }
}
