# Sends the events "Order Placed" to an endpoint, through a deployed stack of Lastmile.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80"
    }
  }
}

variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "control_api_url" {
  type        = string
  description = "The output ControlApiUrl of the stack of Lastmile"
}

variable "control_api_key" {
  type        = string
  sensitive   = true
  description = "A key that `lastmile keys create --api control --stage prod` made"
}

variable "delivery_queue_arn" {
  type        = string
  description = "The output DeliveryQueueArn of the stack of Lastmile"
}

variable "partner_key" {
  type      = string
  sensitive = true
}

variable "partner_endpoint" {
  type    = string
  default = "https://partner.example/orders"
}

variable "rate" {
  type    = number
  default = 50
}

provider "aws" {
  region = var.region
}

# The first 14 characters of an API key are its access key id, and the whole key is the secret access key.
provider "aws" {
  alias                       = "lastmile"
  region                      = var.region
  access_key                  = substr(var.control_api_key, 0, 14)
  secret_key                  = var.control_api_key
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  endpoints {
    events = var.control_api_url
  }
}

module "orders" {
  source    = "../destination"
  providers = { aws = aws, aws.lastmile = aws.lastmile }

  name                             = "orders"
  invocation_endpoint              = var.partner_endpoint
  invocation_rate_limit_per_second = var.rate
  api_key_value                    = var.partner_key
  event_pattern                    = jsonencode({ detail-type = ["Order Placed"] })
  delivery_queue_arn               = var.delivery_queue_arn
  input_transformer = {
    input_paths    = { order = "$.detail.order" }
    input_template = "{\"number\": <order>}"
  }
}
